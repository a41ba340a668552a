"""The public Python interface; the command line is a thin layer over the same functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from oomcheck.check import check_files
from oomcheck.gate.baseline import compare, load_baseline
from oomcheck.gate.options import GateOptions
from oomcheck.gate.run import run_gate, with_complaints
from oomcheck.gate.suite import find_suite
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.records import dataclass
from oomcheck.result.gated import GateReport
from oomcheck.result.verdict import Report
from oomcheck.rows import Options

if TYPE_CHECKING:
    import networkx

FilePath = str | Path


@dataclass(frozen=True)
class Model:
    """A model at fixed parameter values, ready to be explored."""

    path: str
    system: TransitionSystem

    @property
    def params(self) -> dict[str, str]:
        """Parameters and their values, as the user writes them."""
        return dict(self.system.params)

    def state_graph(self, max_states: int = 10_000) -> networkx.MultiDiGraph[State]:
        """Reachable states as nodes, steps as edges with attributes `process` and `text`.

        Raises OomcheckError (E0303) if there are more than `max_states` states.
        """
        graph: networkx.MultiDiGraph[State] = _graphs().state_graph(self.system, max_states)
        return graph

    def lock_graph(self) -> networkx.DiGraph[str]:
        """Locks as nodes; an edge A -> B if some step blocks for B where its process may hold A.

        Over all reachable states; edges carry the set of processes as `processes`.
        """
        graph: networkx.DiGraph[str] = _graphs().lock_graph(self.system)
        return graph


def _graphs() -> ModuleType:
    """The graph functions; networkx takes longer to import than most checks, which do not need it."""
    return import_module("oomcheck.graphs.networks")


def load(path: FilePath, *, include: Iterable[FilePath] = (), **params: int | str | bool) -> Model:
    """Read a model and fix its parameters; raises OomcheckError with all diagnostics."""
    elaborated = load_model(Path(path), _values(params), tuple(Path(p) for p in include))
    return Model(str(path), lower(elaborated).system)


def check(
    model: FilePath,
    spec: FilePath | Iterable[FilePath] = (),
    *,
    options: Options | None = None,
    **params: int | str | bool,
) -> Report:
    """Check a model against one spec or several, or with its sanitizers alone."""
    specs = (Path(spec),) if isinstance(spec, str | Path) else tuple(Path(s) for s in spec)
    chosen = options or Options()
    return check_files(Path(model), specs, replace(chosen, params={**chosen.params, **_values(params)}))


def gate(
    folder: FilePath = "specs", *, options: GateOptions | None = None, baseline: FilePath | None = None
) -> GateReport:
    """Check every spec below a folder against its expectations; complaints are differences from a baseline file.

    Raises OomcheckError if there is no spec, a glob fits nothing, or the baseline is none.
    """
    known = None if baseline is None else load_baseline(Path(baseline))
    chosen = options or GateOptions()
    found = run_gate(find_suite(Path(folder)), chosen)
    if known is None:
        return found
    whole = not (chosen.quick or chosen.select or chosen.exclude)
    return with_complaints(found, compare(found, known, whole))


def _values(params: dict[str, int | str | bool]) -> dict[str, int | str]:
    return {name: ("true" if v else "false") if isinstance(v, bool) else v for name, v in params.items()}
