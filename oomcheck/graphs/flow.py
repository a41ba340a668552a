"""The flow of control of threads: places in the code as nodes, the steps between them as edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.footprint import conjuncts
from oomcheck.diag.diagnostic import error
from oomcheck.graphs.globs import matches
from oomcheck.graphs.picture import Edge, Mark, Node, Picture, short
from oomcheck.ir.expr import Apply, Expr, Lit, and_, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BoolSort, show
from oomcheck.ir.system import Location, Process, Transition, TransitionSystem
from oomcheck.lang.notation import notations
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Executed:
    """Transitions (by index) that some reachable state takes: all of them unless the search was `stopped`."""

    steps: frozenset[int]
    stopped: str


def flow_picture(system: TransitionSystem, threads: Sequence[str], executed: Executed | None) -> Picture:
    """The threads that the globs choose (none: all), each a group; with `executed`, what never runs is marked.

    Raises OomcheckError E0003 if a glob matches no thread.
    """
    for glob in threads:
        if not any(matches(process.name, glob) for process in system.processes):
            names = ", ".join(process.name for process in system.processes)
            raise error("E0003", f"--thread: `{short(glob)}` matches no thread", None, f"there are {short(names, 200)}")
    chosen = [
        number
        for number, process in enumerate(system.processes)
        if not threads or any(matches(process.name, glob) for glob in threads)
    ]
    nodes: list[Node] = []
    edges: list[Edge] = []
    for number in chosen:
        own = [step for step in system.transitions if step.process == number]
        nodes += _nodes(system, number, own, executed)
        edges += _edges(system, own, executed)
    notes = []
    if executed is not None:
        notes.append("dashed: not executed in any reachable state" if not executed.stopped else _unseen(executed))
    return Picture(f"control flow of {system.name}", tuple(nodes), tuple(edges), tuple(notes))


def _unseen(executed: Executed) -> str:
    return f"PARTIAL ({executed.stopped}): dashed parts were not executed in the states that were visited"


def _nodes(
    system: TransitionSystem, number: int, own: Sequence[Transition], executed: Executed | None
) -> Iterator[Node]:
    process = system.processes[number]
    start = system.initial[system.slot[process.pc]]
    leaving = {step.origin: step for step in reversed(own)}
    entered = {step.target for step in own if executed is not None and step.index in executed.steps} | {start}
    for place, location in enumerate(process.locations):
        marks = set()
        if place == start:
            marks.add(Mark.INITIAL)
        if place == process.done:
            marks.add(Mark.END)
        if executed is not None and place not in entered:
            marks.add(Mark.UNSEEN if executed.stopped else Mark.NEVER)
        lines = tuple(_place_lines(process, place, location, leaving.get(place)))
        yield Node(f"p{number}_{place}", lines, frozenset(marks), process.name)


def _place_lines(process: Process, place: int, location: Location, step: Transition | None) -> Iterator[str]:
    if place == process.done:
        yield "end"
        return
    if step is None or step.action.span is None:
        yield short(location.name)
        return
    if not location.name.startswith("line "):
        yield short(f"{location.name}:")
    yield short(f"{step.action.span.line}: {step.action.text}")
    if step.action.source:
        yield short(step.action.source)


def _edges(system: TransitionSystem, own: Sequence[Transition], executed: Executed | None) -> Iterator[Edge]:
    first = {step.origin: step.action.text for step in reversed(own)}
    for step, outcome in zip(own, _outcomes(system, own), strict=True):
        lines = [] if step.action.text == first[step.origin] else [short(step.action.text)]
        lines += [short(outcome)] if outcome else []
        marks: frozenset[Mark] = frozenset()
        if executed is not None and step.index not in executed.steps:
            marks = frozenset([Mark.UNSEEN if executed.stopped else Mark.NEVER])
        origin, target = (f"p{step.process}_{place}" for place in (step.origin, step.target))
        yield Edge(origin, target, tuple(lines), marks)


def _outcomes(system: TransitionSystem, own: Sequence[Transition]) -> Iterator[str]:
    """What tells each step from those that leave the same place: its outcome in words, else a condition; or ""."""
    together: dict[int, list[frozenset[Expr]]] = {}
    for step in own:
        together.setdefault(step.origin, []).append(frozenset(conjuncts(step.guard)))
    common = {origin: frozenset.intersection(*guards) for origin, guards in together.items()}
    apart = [[part for part in conjuncts(step.guard) if part not in common[step.origin]] for step in own]
    texts = notations(system, [and_(*parts) for parts in apart])
    for step, parts, text in zip(own, apart, texts, strict=True):
        if step.action.note or not parts:
            yield step.action.note
        else:
            yield _result(step, parts) or f"[{text}]"


def _result(step: Transition, parts: Sequence[Expr]) -> str:
    """What the statement returns, if that is what its guard asks for, else ""."""
    if step.action.result is None:
        return ""
    value, sort = step.action.result
    if isinstance(sort, BoolSort):
        return "true" if value in parts else "false" if not_(value) in parts else ""
    for part in parts:
        match part:
            case Apply(op=Op.EQ, args=(compared, Lit(value=number))) if compared == value:
                return show(sort, number)
            case Apply(op=Op.NE, args=(compared, Lit(value=number))) if compared == value:
                return f"not {show(sort, number)}"
            case _:
                pass
    return ""
