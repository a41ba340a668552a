"""Graphs as DOT, the language of Graphviz; any text is quoted, so nothing in a label is ever markup.

Syntax and escapes are those of https://graphviz.org/doc/info/lang.html and its page on `escString`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from oomcheck.records import dataclass
from oomcheck.report.wording import plain

Attributes = tuple[tuple[str, str], ...]

_ENTITY = re.compile(r"&(?=#?\w+;)")  # what Graphviz would take for a letter of HTML


@dataclass(frozen=True, slots=True)
class DotNode:
    """A node; `label` may have lines, `attributes` are names of Graphviz with values as plain text."""

    name: str
    label: str
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class DotEdge:
    """An edge between two nodes, by their names; there may be several between the same two."""

    source: str
    target: str
    label: str = ""
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class DotGroup:
    """Nodes (by name) that are drawn in a box with a title."""

    title: str
    nodes: tuple[str, ...]
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class DotGraph:
    """A graph to draw; its order is the order of the text. `attributes` are those of the graph itself."""

    name: str
    nodes: tuple[DotNode, ...]
    edges: tuple[DotEdge, ...]
    directed: bool = True
    attributes: Attributes = ()
    groups: tuple[DotGroup, ...] = ()


def render_dot(graph: DotGraph) -> str:
    """The graph as the text of a DOT file."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: DotGraph) -> Iterator[str]:
    kind, arrow = ("digraph", "->") if graph.directed else ("graph", "--")
    yield f"{kind} {quoted(graph.name)} {{"
    yield from (f"  {quoted(name)}={quoted(value)};" for name, value in graph.attributes)
    for node in graph.nodes:
        yield f"  {quoted(node.name)}{_listed((('label', node.label), *node.attributes))};"
    for number, group in enumerate(graph.groups):
        yield f"  subgraph {quoted(f'cluster_{number}')} {{"
        yield from (f"    {quoted(n)}={quoted(v)};" for n, v in (("label", group.title), *group.attributes))
        yield from (f"    {quoted(name)};" for name in group.nodes)
        yield "  }"
    for edge in graph.edges:
        label = (("label", edge.label),) if edge.label else ()
        yield f"  {quoted(edge.source)} {arrow} {quoted(edge.target)}{_listed((*label, *edge.attributes))};"
    yield "}"


def _listed(attributes: Iterable[tuple[str, str]]) -> str:
    pairs = ", ".join(f"{quoted(name)}={quoted(value)}" for name, value in attributes)
    return f" [{pairs}]" if pairs else ""


def quoted(text: str) -> str:
    """`text` as a quoted string of DOT that Graphviz shows as it is; lines are kept, control characters escaped."""
    lines = (plain(line, False) for line in text.split("\n"))
    return '"' + "\\n".join(map(_escaped, lines)) + '"'


def _escaped(line: str) -> str:
    return _ENTITY.sub("&amp;", line).replace("\\", "\\\\").replace('"', '\\"')
