"""Readings of a model: at which parameters, with which time and costs; rows that share one are settled together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import Files
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import Spec, mode_of, typed_properties
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.records import dataclass
from oomcheck.rows import Options, Row, wants_proof
from oomcheck.transform.clock import clocked

Params = tuple[tuple[str, int], ...]
Key = tuple[str, str]  # (path of the spec, name); sanitizers have no spec


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share one reading of the model: parameters, time, costs; all of them for search, or all for proof.

    `open` parameters have no value.
    """

    params: Params
    mode: Mode
    lowered: Lowered
    typed: Mapping[Key, Property]
    rows: tuple[int, ...]
    open: frozenset[str] = frozenset()
    proof: bool = False

    def system(self, about_runs: bool) -> TransitionSystem:
        """The system to search; for properties about runs time may also pass without any change."""
        return clocked(self.lowered.system, idle=about_runs) if self.mode.timed else self.lowered.system

    @property
    def lemmas(self) -> dict[str, Property]:
        """The lemmas of its specs, by the names they have there."""
        return {name: prop for (_, name), prop in self.typed.items() if prop.kind is Kind.LEMMA}


def key_of(row: Row) -> Key:
    """Where the property of a row is found."""
    return ("", row.prop) if row.prop in SANITIZERS or row.spec is None else (row.spec.path, row.prop)


class Readings:
    """Makes groups of rows, in the order of the rows."""

    def __init__(self, files: Files, options: Options) -> None:
        self._files = files
        self._options = options

    def groups(self, rows: Sequence[Row], stop: Callable[[], bool]) -> list[Group]:
        """Everything lowered and typed before the first search, so that no mistake of the user comes late."""
        settings: dict[tuple[Params, frozenset[str], bool], list[int]] = {}
        for number, row in enumerate(rows):
            key = row.params, row.open, wants_proof(row.check, self._options)
            settings.setdefault(key, []).append(number)
        groups: list[Group] = []
        for (params, opened, proof), numbers in settings.items():
            if stop():
                break
            elaborated = elaborate(self._files, {**self._options.params, **dict(params)}, opened)
            modes: dict[Mode, list[int]] = {}
            for number in numbers:
                modes.setdefault(_mode(rows[number], elaborated), []).append(number)
            for mode, members in modes.items():
                lowered = lower(elaborated, mode)
                typed = _typed(lowered, [rows[n] for n in members])
                groups.append(Group(params, mode, lowered, typed, tuple(members), opened, proof))
        return groups

    def at(self, group: Group, rows: Sequence[Row], values: Mapping[str, int]) -> Group:
        """The same reading with values for its open parameters."""
        params = tuple(sorted({**dict(group.params), **values}.items()))
        lowered = lower(elaborate(self._files, {**self._options.params, **dict(params)}), group.mode)
        typed = _typed(lowered, [rows[n] for n in group.rows])
        return replace(group, params=params, lowered=lowered, typed=typed, open=frozenset())


def _mode(row: Row, elaborated: Elaborated) -> Mode:
    """How the row reads the model: as its check says, with no more costs than the property needs."""
    mode = mode_of(row.check, elaborated)
    return replace(mode, costs=mode.costs & row.costs)


def _typed(lowered: Lowered, rows: list[Row]) -> dict[Key, Property]:
    found: dict[Key, Property] = {("", name): sanitizer(name) for name in SANITIZERS}
    specs: dict[str, Spec] = {row.spec.path: row.spec for row in rows if row.spec is not None}
    errors: list[Diagnostic] = []
    for spec in specs.values():
        wanted = {row.prop for row in rows if row.spec is not None and row.spec.path == spec.path}
        try:
            for name, prop in typed_properties(spec.tree, lowered, wanted).items():
                found[(spec.path, name)] = replace(prop, name=f"{spec.path}:{name}")
        except OomcheckError as failure:
            errors.extend(failure.diagnostics)
    if errors:
        raise OomcheckError(errors)
    return found
