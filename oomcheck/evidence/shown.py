"""What traces show of states and steps: values, facts, texts."""

from __future__ import annotations

from oomcheck.ir.expr import Expr
from oomcheck.ir.sorts import Scalar, show
from oomcheck.ir.system import Action, Observable, Role, State, TransitionSystem
from oomcheck.result.trace import Fact
from oomcheck.semantics.evaluate import evaluate


def _counted(system: TransitionSystem, observable: Observable, state: State) -> str:
    """The text of a fact with its number."""
    if observable.count is None:
        return observable.text
    number = evaluate(observable.count, state, system.slot)
    return observable.text.replace("# ticks", "1 tick" if number == 1 else f"{number} ticks")


def facts(system: TransitionSystem, state: State) -> tuple[Fact, ...]:
    """Who holds what, waits for what, is frozen, and which timers are armed."""
    found = []
    for observable in system.observables:
        if evaluate(observable.condition, state, system.slot):
            name = "" if observable.process is None else system.processes[observable.process].name
            found.append(Fact(observable.view.value, name, _counted(system, observable, state)))
    return tuple(dict.fromkeys(found))


def values(system: TransitionSystem, state: State) -> tuple[tuple[str, str], ...]:
    """Name and value of each variable that traces show."""
    return tuple(
        (system.slot_names[slot], show(system.slot_sorts[slot], value))
        for slot, value in enumerate(state)
        if not hidden(system, slot)
    )


def step_text(system: TransitionSystem, action: Action, before: State | None) -> str:
    """What a step does: the statement, with what it returned or which way it went."""
    text = action.text if before is None else with_indices(system, action, before)
    if before is not None and action.result is not None:
        value, sort = action.result
        text = f"{text} is {_value(value, sort, before, system)}"
    return f"{text}: {action.note}" if action.note else text


def with_indices(system: TransitionSystem, action: Action, state: State) -> str:
    """The text of a statement, indices as values."""
    text = action.text
    for index, value, sort in action.indices:
        text = text.replace(f"[{index}]", f"[{_value(value, sort, state, system)}]")
    return text


def _value(value: Expr, sort: Scalar, state: State, system: TransitionSystem) -> str:
    return show(sort, evaluate(value, state, system.slot))


def hidden(system: TransitionSystem, slot: int) -> bool:
    """Whether traces leave out a slot: a program counter, or a detail that observables tell better."""
    variable = system.slots[slot][0]
    return variable.quiet or variable.role is Role.PC
