"""Graphs of a model as text: DOT for Graphviz, and their numbers for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from oomcheck.graphs.picture import Edge, Mark, Node, Picture
from oomcheck.graphs.space import Space
from oomcheck.graphs.statistics import Statistics
from oomcheck.report.dot import Attributes, DotEdge, DotGraph, DotGroup, DotNode, render_dot
from oomcheck.report.wording import plain

#: How each mark shows besides its colour; the first that a node has decides its shape.
_SHAPES: Final[dict[Mark, Attributes]] = {
    Mark.BAD: (("shape", "hexagon"), ("color", "#b00020"), ("penwidth", "2")),
    Mark.DEADLOCK: (("shape", "octagon"), ("color", "#b00020"), ("penwidth", "2")),
    Mark.CYCLE: (("shape", "box"), ("style", "bold"), ("color", "#b00020"), ("penwidth", "2.5")),
    Mark.NEVER: (("shape", "box"), ("style", "dashed"), ("fontcolor", "#707070")),
    Mark.UNSEEN: (("shape", "box"), ("style", "dashed"), ("fontcolor", "#707070")),
    Mark.OPEN: (("shape", "box"), ("style", "dotted")),
    Mark.END: (("shape", "ellipse"),),
}
_PLAIN: Final[Attributes] = (("shape", "box"), ("style", "rounded"))
_EDGES: Final[dict[Mark, Attributes]] = {
    Mark.CYCLE: (("style", "bold"), ("color", "#b00020"), ("penwidth", "2.5")),
    Mark.NEVER: (("style", "dashed"), ("color", "#707070"), ("fontcolor", "#707070")),
    Mark.UNSEEN: (("style", "dashed"), ("color", "#707070"), ("fontcolor", "#707070")),
}
_WORDS: Final[dict[Mark, str]] = {
    Mark.DEADLOCK: "DEADLOCK",
    Mark.BAD: "BAD",
    Mark.OPEN: "not expanded",
    Mark.CYCLE: "in a circle",
    Mark.NEVER: "never executed",
    Mark.UNSEEN: "not executed so far",
}


def dot_of(picture: Picture) -> str:
    """The picture as a DOT file."""
    groups: dict[str, list[str]] = {}
    for node in picture.nodes:
        if node.group:
            groups.setdefault(node.group, []).append(node.name)
    title = "\n".join([picture.title, *picture.notes])
    graph = DotGraph(
        picture.title,
        tuple(map(_node, picture.nodes)),
        tuple(map(_edge, picture.edges)),
        attributes=(("label", title), ("labelloc", "t"), ("fontname", "Helvetica")),
        groups=tuple(DotGroup(title, tuple(nodes)) for title, nodes in groups.items()),
    )
    return render_dot(graph)


def _node(node: Node) -> DotNode:
    style = next((style for mark, style in _SHAPES.items() if mark in node.marks), _PLAIN)
    double: Attributes = (("peripheries", "2"),) if Mark.INITIAL in node.marks else ()
    words = [word for mark, word in _WORDS.items() if mark in node.marks]
    return DotNode(node.name, "\n".join([*node.lines, *words]), (*style, *double))


def _edge(edge: Edge) -> DotEdge:
    style = next((style for mark, style in _EDGES.items() if mark in edge.marks), ())
    words = ["in a circle"] if Mark.CYCLE in edge.marks else []
    return DotEdge(edge.source, edge.target, "\n".join([*edge.lines, *words]), style)


def printable_picture(picture: Picture) -> Picture:
    """The picture with all control characters escaped, as formats that cannot say them need it."""
    return replace(
        picture,
        title=plain(picture.title, False),
        notes=_plain(picture.notes),
        nodes=tuple(replace(node, lines=_plain(node.lines), group=plain(node.group, False)) for node in picture.nodes),
        edges=tuple(replace(edge, lines=_plain(edge.lines)) for edge in picture.edges),
    )


def _plain(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(plain(line, False) for line in lines)


def size_text(model: str, space: Space, reason: str) -> str:
    """What is known of a graph when there was no time for more."""
    graph = space.graph
    return (
        f"PARTIAL ({reason}): at least what follows\n"
        f"{plain(model, False)}: {graph.states} states, {graph.edges} steps\n"
        f"  depth       {space.depth}\n"
    )


def statistics_text(model: str, numbers: Statistics) -> str:
    """The numbers of a graph of states, a line for each kind."""
    lines = []
    if numbers.stopped:
        lines.append(f"PARTIAL ({numbers.stopped}): at least what follows; components and ends are of the part visited")
    average = numbers.edges / numbers.states
    lines += [
        f"{plain(model, False)}: {numbers.states} states, {numbers.edges} steps",
        f"  depth       {numbers.depth}, at most {numbers.widest} states at one depth",
        f"  branching   {average:.2f} on average, at most {numbers.out}",
        f"  components  {numbers.components} strongly connected, the largest of {numbers.largest}; "
        f"{numbers.cyclic} with a cycle, {numbers.bottom} that are never left",
        f"  ends        {numbers.ends} where all is done, {numbers.deadlocks} deadlocks",
        f"  bad states  {numbers.bad} (the next step of some thread runs into a fault)",
        "  steps of",
    ]
    width = max(len(plain(name, False)) for name, _ in numbers.by_process)
    lines += [f"    {plain(name, False):<{width}}  {count}" for name, count in numbers.by_process]
    return "".join(f"{line}\n" for line in lines)
