"""A trace as a graph for Graphviz: a path of states, one column for each thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from oomcheck.report.dot import DotEdge, DotGraph, DotNode, render_dot
from oomcheck.report.entries import rows_of
from oomcheck.report.lanes import RESTS
from oomcheck.report.rows import length
from oomcheck.report.wording import NO_BREAK, plain, wrap
from oomcheck.result.amounts import duration
from oomcheck.result.trace import Step, Trace

WIDTH = 34  # characters of a line in a box
LINES = 4

START, END = "0", "end"


def render_trace_dot(trace: Trace, ascii_only: bool = False) -> str:
    """The trace as the text of a DOT file. Node n is step n with the state after it; node 0 is the initial state."""
    return render_dot(trace_graph(trace, ascii_only))


def trace_graph(trace: Trace, ascii_only: bool = False) -> DotGraph:
    """The graph: boxes for steps below the name of their thread, and at the end what decides the property."""
    notes = {row.mark: row.notes for row in rows_of(trace, full=False)}
    lanes = [name for name in trace.processes if any(step.process == name for step in trace.steps)]
    plaintext = ("shape", "plaintext")
    nodes = [_node(f"lane {n}", (name,), (plaintext, _column(n)), ascii_only) for n, name in enumerate(lanes)]
    nodes.append(_node(START, ("0  initial state",), (("shape", "ellipse"),), ascii_only))
    for step in trace.steps:
        lane = lanes.index(step.process)
        nodes.append(_step(trace, step, notes.get(str(step.number), ()), lane, ascii_only))
    nodes.append(_ending(trace, ascii_only))
    title = plain(f"{trace.identity}: {trace.verdict}, {length(trace)}", ascii_only)
    attributes = (("label", title), ("labelloc", "t"), ("fontname", "monospace"), ("nodesep", "0.6"))
    edges = (*_lanes(trace, lanes), *_edges(trace))
    return DotGraph("trace", tuple(nodes), edges, attributes=attributes)


def _column(lane: int) -> tuple[str, str]:
    """Nodes of one group stand below each other, if the layout can do that."""
    return "group", f"lane {lane}"


def _lanes(trace: Trace, lanes: Sequence[str]) -> Iterator[DotEdge]:
    """Invisible edges that keep the steps of a thread in its column, below its name."""
    for number, name in enumerate(lanes):
        own = [f"lane {number}", *(str(step.number) for step in trace.steps if step.process == name)]
        yield from (DotEdge(a, b, attributes=(("style", "invis"), ("weight", "20"))) for a, b in pairwise(own))
        yield DotEdge(own[0], own[1], attributes=(("style", "dotted"), ("arrowhead", "none")))


def _edges(trace: Trace) -> Iterator[DotEdge]:
    last = str(len(trace.steps))
    yield from (DotEdge(str(step.number - 1), str(step.number)) for step in trace.steps)
    yield DotEdge(last, END, attributes=(("style", "dashed"), ("arrowhead", "none")))
    if trace.loop is not None:
        rests = trace.loop == len(trace.steps)
        target = last if rests else str(trace.loop + 1)
        label = RESTS if rests else f"back to step {trace.loop + 1}, for ever"
        yield DotEdge(last, target, label, (("style", "bold"), ("constraint", "false")))


def _step(trace: Trace, step: Step, notes: tuple[str, ...], lane: int, ascii_only: bool) -> DotNode:
    text = f"time passes: {duration(step.ticks, trace.hz)}" if step.ticks else step.text
    lines = (f"{step.number}  {text}", *notes)
    looped = trace.loop is not None and step.number > trace.loop
    looks = (("shape", "box"), ("style", "bold" if looped else "solid"), _column(lane))
    return _node(str(step.number), lines, looks, ascii_only)


def _ending(trace: Trace, ascii_only: bool) -> DotNode:
    ending = trace.ending
    next_step = f"{ending.process}: {ending.text}" if ending.process else ""
    place = f"{ending.file}:{ending.line}" if ending.file else ""
    facts = [f"{fact.view}: {fact.process} {fact.text}" for fact in trace.facts]
    promises = [f"{p.kind}({p.name}): {p.why}" for p in trace.promises]
    lines = [f"{trace.prop} {trace.verdict}", ending.message, next_step, ending.source, place, *facts, *promises]
    shape = "doubleoctagon" if trace.verdict == "violated" else "note"
    return _node(END, tuple(filter(str.strip, lines)), (("shape", shape),), ascii_only)


def _node(name: str, lines: tuple[str, ...], attributes: tuple[tuple[str, str], ...], ascii_only: bool) -> DotNode:
    told = (plain(line.replace(NO_BREAK, " "), ascii_only) for line in lines)
    label = "\n".join(part for line in told for part in wrap(line, WIDTH, max_lines=LINES))
    return DotNode(name, label, (*attributes, ("fontname", "monospace")))
