"""Ghosts change nothing: a model without its ghost declarations and statements behaves the same (section 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import pytest
from hypothesis import HealthCheck, assume, given, settings

import oomcheck
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang import tree as t
from oomcheck.lang.load import read_files
from tests import programs
from tests.test_corpus import MODELS, title

LIMIT = 2_000

Graph = tuple[set[State], set[tuple[State, str, State]]]

#: Without range/ghost.oom, where a ghost leaves its range: what follows has no meaning.
WITH_GHOSTS = [p for p in MODELS if "ghost " in p.read_text(encoding="utf-8") and title(p) != "range/ghost.oom"]


def nodes(node: object) -> Iterator[object]:
    """All nodes of a syntax tree."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            if field.name not in ("span", "source"):
                yield from nodes(getattr(node, field.name))


def without_ghosts(text: str, model: t.ModelFile) -> str:
    """The text with ghost declarations cut out, and `skip` for ghost statements."""
    items = list(nodes(model.items))
    ghosts = [n for n in items if isinstance(n, t.VarDecl) and any(q.text == "ghost" for q in n.qualifiers)]
    names = {declarator.name.text for ghost in ghosts for declarator in ghost.declarators}
    cuts = [(ghost.span.start, ghost.span.end, "") for ghost in ghosts]
    for node in items:
        wrote = isinstance(node, t.Assign) and target(node.place) in names
        asked = isinstance(node, t.TestStmt) and any(isinstance(n, t.Ident) and n.name in names for n in nodes(node))
        if wrote:
            cuts.append((node.span.start, node.span.end, "skip;"))  # type: ignore[attr-defined]
        elif asked:  # the assertion stays a step
            assert isinstance(node, t.TestStmt)
            kind, condition = node.kind.value, node.condition.span
            cuts.append((condition.start, condition.end, "true" if kind == "assert" else "false"))
    for start, end, instead in sorted(cuts, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def target(place: t.Expr) -> str:
    """The variable that an assignment writes."""
    while isinstance(place, t.Element | t.Member):
        if isinstance(place, t.Member):
            return place.member.text
        place = place.base
    return place.name if isinstance(place, t.Ident) else ""


def projected(system: TransitionSystem, graph: nx.MultiDiGraph[State], names: set[str]) -> Graph:
    """States and steps as far as the names go; steps that change none of them are left out."""
    kept = [i for i, name in enumerate(system.slot_names) if name in names]

    def view(state: State) -> State:
        return tuple(state[i] for i in kept)

    edges: set[tuple[State, str, State]] = set()
    for a, b, data in graph.edges(data=True):
        edges.add((view(a), data["process"], view(b)))
    return {view(state) for state in graph}, {edge for edge in edges if edge[0] != edge[2]}


def plain_names(system: TransitionSystem) -> set[str]:
    """Names of all slots but ghosts and program counters."""
    return {system.slot_names[i] for i, (v, _) in enumerate(system.slots) if v.role not in (Role.GHOST, Role.PC)}


def assert_erasable(text: str, path: Path, folder: Path) -> None:
    """The model and its text without ghosts have the same projected graph."""
    erased = folder / "erased.oom"
    erased.write_text(without_ghosts(text, read_files(path).main), encoding="utf-8")
    before, after = oomcheck.load(path), oomcheck.load(erased)
    names = plain_names(before.system) & plain_names(after.system)
    expected = projected(after.system, after.state_graph(LIMIT), names)
    assert projected(before.system, before.state_graph(LIMIT), names) == expected


@pytest.mark.parametrize("path", WITH_GHOSTS, ids=title)
def test_corpus(path: Path, tmp_path: Path) -> None:
    """Each model of the corpus that has ghosts behaves the same without them."""
    assert_erasable(path.read_text(encoding="utf-8"), path, tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=programs.models())
def test_random_models(text: str) -> None:
    """The same for random programs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "model.oom"
        path.write_text(text, encoding="utf-8")
        try:
            oomcheck.load(path).state_graph(LIMIT)
        except OomcheckError:
            assume(False)
        assert_erasable(text, path, folder)
