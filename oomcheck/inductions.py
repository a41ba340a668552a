"""Counterexamples to induction in the words of the model."""

from __future__ import annotations

from collections.abc import Mapping

from oomcheck.ir.sorts import ArraySort, scalar_of, show
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.smt.outcome import Induction

Slot = tuple[StateVar, int]  # a variable, and the value that the slot has at first


def told(system: TransitionSystem, induction: Induction) -> tuple[str, ...]:
    """A counterexample to induction: what its first state has unlike the initial one, then what each step changes."""
    steps = {step.index: step for step in system.transitions}
    slots = _slots(system, induction.states[0])
    lines = ["counterexample to induction; its states are not known to be reachable:"]
    before: Mapping[str, int] = {name: slot[1] for name, slot in slots.items() if slot[0].role is not Role.PC}
    for number, state in enumerate(induction.states):
        if number:
            step = steps[induction.steps[number - 1]]
            lines.append(f"  {number} {system.processes[step.process].name}: {step.action.text.strip()}")
        else:
            lines.append("  0 (all else is as it is at first)")
        changed = [name for name, value in state.items() if before.get(name) != value]
        lines += [f"      {_shown(system, slots.get(name), name, state[name])}" for name in changed]
        before = state
    if induction.broken:
        lines.append(f"  in the last state this fails: {induction.broken}")
    return tuple(lines)


def _slots(system: TransitionSystem, state: Mapping[str, int]) -> dict[str, Slot]:
    """The slots by the names that reports give them; of arrays with an extent as many units as `state` has."""
    found: dict[str, Slot] = {}
    for variable in system.variables:
        sort = variable.sort
        units = state.get(sort.extent, 1) if isinstance(sort, ArraySort) and sort.extent else 1
        for name, value in zip(variable.names, variable.init, strict=True):
            found.update({name.replace("#", str(unit)): (variable, value) for unit in range(units)})
    return found


def _shown(system: TransitionSystem, slot: Slot | None, name: str, value: int) -> str:
    """A slot with its value, a program counter as the place where its thread is."""
    if slot is None:
        return f"{name} = {value}"
    variable = slot[0]
    if variable.role is Role.PC and variable.owner is not None:
        process, places = system.processes[variable.owner], system.processes[variable.owner].locations
        place = places[value].name if 0 <= value < len(places) else f"no place ({value})"
        return f"{process.name} at {place}".strip()
    return f"{name} = {show(scalar_of(variable.sort), value)}"
