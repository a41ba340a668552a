"""One function for each location of each process: the steps that can be taken from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from oomcheck.ir.expr import Index, Lit, Var
from oomcheck.ir.sorts import width
from oomcheck.ir.system import State, Transition, TransitionSystem, Update
from oomcheck.pygen.branches import emit
from oomcheck.pygen.expressions import Emitter, load
from oomcheck.semantics.guarded import guarded

#: Called with a state and two sinks: indices of enabled transitions, and their successors.
Expand = Callable[[State, Callable[[int], None], Callable[[State], None]], None]
#: For each process the slot of its program counter, and its functions by location.
Table = tuple[tuple[int, tuple[Expand | None, ...]], ...]


def compile_steps(system: TransitionSystem) -> Table:
    """The step functions of a system; None where no transition starts."""
    emitter = Emitter(system.slot)
    text: list[str] = []
    for (process, location), transitions in system.by_location.items():
        text.append(f"def f{process}_{location}(s, t, o):")
        text += emit([guarded(step.guard, list(_body(system, step, emitter))) for step in transitions], emitter)
    functions = load("".join(emitter.helpers) + "\n".join(text) + "\n")
    table = []
    for number, owner in enumerate(system.processes):
        starting = (functions.get(f"f{number}_{place}") for place in range(len(owner.locations)))
        table.append((system.slot[owner.pc], tuple(cast("Expand | None", function) for function in starting)))
    return tuple(table)


def in_index_order(system: TransitionSystem) -> bool:
    """Whether going through the processes in order finds the transitions in order of their index."""
    processes = [step.process for step in sorted(system.transitions, key=lambda step: step.index)]
    return processes == sorted(processes) and all(
        [step.index for step in steps] == sorted(step.index for step in steps) for steps in system.by_location.values()
    )


def _body(system: TransitionSystem, step: Transition, emitter: Emitter) -> Iterator[str]:
    """Lines that hand out a transition and its successor."""
    yield from successor(system, step, emitter)
    yield f"t({step.index})"
    yield "o((*n,))"


def successor(system: TransitionSystem, step: Transition, emitter: Emitter) -> Iterator[str]:
    """Lines that make the successor `n`, a list; everything is computed in the old state `s`."""
    yield "n = [*s]"
    for update in step.updates:
        yield from _assignment(system, update, emitter)
    yield f"n[{system.slot[system.processes[step.process].pc]}] = {step.target}"


def _assignment(system: TransitionSystem, update: Update, emitter: Emitter) -> Iterator[str]:
    value = emitter.value(update.value)
    match update.target:
        case Var(name=name):
            yield f"n[{system.slot[name]}] = {value}"
        case Index(array=array, index=Lit(value=position)):
            if 0 <= position < width(array.sort):
                yield f"n[{system.slot[array.name] + position}] = {value}"
        case Index(array=array, index=index):
            name = emitter.fresh()
            yield f"{name} = {emitter.value(index)}"
            yield f"if 0 <= {name} < {width(array.sort)}: n[{system.slot[array.name]} + {name}] = {value}"
