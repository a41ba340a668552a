"""Pictures of the reachable states: each for itself, or those together that agree on what is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.evidence.shown import facts, hidden, step_text
from oomcheck.graphs.globs import matches
from oomcheck.graphs.picture import Edge, Mark, Node, Picture, short
from oomcheck.graphs.space import Space
from oomcheck.ir.sorts import show
from oomcheck.ir.system import Role, State, Transition, TransitionSystem
from oomcheck.semantics.successors import faults, location

MOST_LINES: Final = 9  # of a label
COUNTERS: Final = "pcs"  # what the places of all threads are called in --by


def state_picture(space: Space) -> Picture:
    """Each state a node: where threads stand and what differs from the initial state; each step an edge."""
    system, states = space.system, space.states
    nodes = []
    for number in space.numbers():
        state, marks = states[number], _marks(space, [number])
        lines = ["initial"] if number == 0 else _limited([*_places(system, state), *_differences(system, state)])
        lines += [short(f"{fault.sanitizer}: {fault.message}") for fault in faults(system, state)[:1]]
        nodes.append(Node(f"s{number}", (f"#{number}", *lines), marks, weight=1))
    edges = []
    for number in space.numbers():
        state = states[number]
        for edge in space.graph.edges_of(number):
            step = space.steps[space.graph.step[edge]]
            edges.append(
                Edge(f"s{number}", f"s{space.graph.target[edge]}", tuple(_step(system, step, state)), weight=1)
            )
    return Picture(f"states of {system.name}", tuple(nodes), tuple(edges), _partial(space))


def quotient_picture(space: Space, by: Sequence[str]) -> Picture:
    """States that agree on `by` together in one node; edges count the steps between them.

    `by` has names of variables (globs) and COUNTERS. A path in this picture need not be one of the model.
    Raises OomcheckError E0003 if a name matches nothing.
    """
    system, states = space.system, space.states
    slots = _slots(system, by)
    classes: dict[tuple[int, ...], int] = {}
    label: list[int] = []
    members: list[list[int]] = []
    for number in space.numbers():
        state = states[number]
        key = tuple(state[slot] for slot in slots)
        own = classes.setdefault(key, len(classes))
        if own == len(members):
            members.append([])
        members[own].append(number)
        label.append(own)
    nodes = tuple(
        Node(
            f"q{own}", _class_lines(space, slots, key, members[own]), _marks(space, members[own]), "", len(members[own])
        )
        for key, own in classes.items()
    )
    counted: dict[tuple[int, int], Counter[str]] = {}
    for source, target, index in zip(space.sources(), space.graph.target, space.graph.step, strict=True):
        name = system.processes[space.steps[index].process].name
        counted.setdefault((label[source], label[target]), Counter())[name] += 1
    edges = tuple(
        Edge(f"q{source}", f"q{target}", _count_lines(count), weight=count.total())
        for (source, target), count in sorted(counted.items())
    )
    note = f"states that agree on {', '.join(by)} are one node: a path here need not be a path of the model"
    return Picture(f"states of {system.name} by {', '.join(by)}", nodes, edges, (note, *_partial(space)))


def _partial(space: Space) -> tuple[str, ...]:
    return (f"PARTIAL ({space.stopped}): there are more states and steps",) if space.stopped else ()


def _marks(space: Space, members: Iterable[int]) -> frozenset[Mark]:
    found = set()
    for number in members:
        if number == 0:
            found.add(Mark.INITIAL)
        if space.bad[number]:
            found.add(Mark.BAD)
        for mark, numbers in ((Mark.DEADLOCK, space.deadlocks), (Mark.END, space.ends), (Mark.OPEN, space.open)):
            if number in numbers:
                found.add(mark)
    return frozenset(found)


def _places(system: TransitionSystem, state: State) -> Iterator[str]:
    """Where each thread stands that has left its first place."""
    for number, process in enumerate(system.processes):
        here = location(system, state, number)
        if here != location(system, system.initial, number):
            yield short(f"{process.name}: {place_text(system, number, here)}")


def place_text(system: TransitionSystem, process: int, here: int) -> str:
    """A place in the code of a process: its line, or "end"."""
    place = system.processes[process].locations[here]
    if here == system.processes[process].done:
        return "end"
    return f"line {place.span.line}" if place.span is not None else place.name


def _differences(system: TransitionSystem, state: State) -> Iterator[str]:
    """Values that are not the initial ones, and facts about locks, freezers and timers."""
    for slot, (value, before) in enumerate(zip(state, system.initial, strict=True)):
        if value != before and not hidden(system, slot):
            yield short(f"{system.slot_names[slot]} = {show(system.slot_sorts[slot], value)}")
    for fact in facts(system, state):
        yield short(f"{fact.view}: {fact.text}{f' by {fact.process}' if fact.process else ''}")


def _limited(lines: Sequence[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return [*lines]
    return [*lines[: MOST_LINES - 1], f"... and {len(lines) - MOST_LINES + 1} more"]


def _step(system: TransitionSystem, step: Transition, state: State) -> Iterator[str]:
    """Who does what, and in which line."""
    line = f" (line {step.action.span.line})" if step.action.span is not None else ""
    yield short(system.processes[step.process].name)
    yield short(step_text(system, step.action, state)) + line


def _slots(system: TransitionSystem, by: Sequence[str]) -> tuple[int, ...]:
    """The slots that the names choose; `COUNTERS` are the places of all threads, `pc(GLOB)` those of some."""
    found: dict[int, None] = {}
    for name in by:
        chosen = [slot for slot in range(len(system.initial)) if _chooses(system, name, slot)]
        if not chosen:
            hint = f"--by {COUNTERS}, or variables: {short(', '.join(_nameable(system)), 200)}"
            raise error("E0003", f"--by: `{short(name)}` matches no variable", None, hint)
        found.update(dict.fromkeys(chosen))
    return tuple(found)


def _nameable(system: TransitionSystem) -> Iterator[str]:
    return (name for slot, name in enumerate(system.slot_names) if not hidden(system, slot))


def _chooses(system: TransitionSystem, name: str, slot: int) -> bool:
    variable = system.slots[slot][0]
    if variable.role is Role.PC:
        assert variable.owner is not None
        owner = system.processes[variable.owner].name
        asked = name.removeprefix("pc(").removesuffix(")")
        return name == COUNTERS or (name.startswith("pc(") and matches(owner, asked))
    shown = system.slot_names[slot]
    return any(matches(text, glob) for text in (shown, variable.name) for glob in (name, f"{name}.*"))


def _class_lines(space: Space, slots: Sequence[int], key: Sequence[int], members: Sequence[int]) -> tuple[str, ...]:
    system = space.system
    lines = []
    for slot, value in zip(slots, key, strict=True):
        variable = system.slots[slot][0]
        if variable.role is Role.PC and variable.owner is not None:
            owner = system.processes[variable.owner].name
            lines.append(short(f"{owner}: {place_text(system, variable.owner, value)}"))
        else:
            lines.append(short(f"{system.slot_names[slot]} = {show(system.slot_sorts[slot], value)}"))
    special = [
        f"{count} {word}"
        for word, numbers in (("deadlocks", space.deadlocks), ("ends", space.ends))
        if (count := sum(1 for number in members if number in numbers))
    ]
    bad = sum(space.bad[number] for number in members)
    size = f"{len(members)} state{'s' * (len(members) != 1)}"
    return (*_limited(lines), ", ".join([size, *special, *([f"{bad} bad"] if bad else [])]))


def _count_lines(count: Counter[str]) -> tuple[str, ...]:
    """How many steps of each process, most first."""
    lines = [short(f"{name} x{number}") for name, number in sorted(count.items(), key=lambda item: (-item[1], item[0]))]
    return tuple(_limited(lines))
