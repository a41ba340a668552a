"""Fairness clauses: from names of threads and labels to sets of steps."""

from __future__ import annotations

from collections.abc import Iterable

from oomcheck.diag.diagnostic import error
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.lang import tree as t
from oomcheck.lang.lower import Lowered
from oomcheck.lang.scope import FunctionHead, unknown
from oomcheck.lang.typing_expr import ExprTyper, ThreadSet
from oomcheck.prop.temporal import Fairness, FairnessKind

#: What `all` stands for: an environment acts when it likes.
SCHEDULED = frozenset({ProcessKind.THREAD, ProcessKind.KTHREAD, ProcessKind.SOFTIRQ})


def fairness(clause: tuple[t.Fair, ...], typer: ExprTyper, lowered: Lowered) -> tuple[Fairness, ...]:
    """What a clause and the attributes of the threads assume, one set of steps for each thread instance.

    Each is named as its thread, or `thread at label`. Weak fairness is left out where strong is assumed.
    """
    system = lowered.system
    found: list[Fairness] = []
    for item in clause:
        kind = FairnessKind(item.kind)
        if item.label is None:
            found += [of_thread(system, number, kind) for number in _threads(item, typer, lowered)]
        else:
            found += _at_label(item, item.label, kind, typer, lowered)
    for number, process in enumerate(system.processes):
        if process.fairness:
            found.append(of_thread(system, number, FairnessKind(process.fairness)))
    return _strongest(found)


def of_thread(system: TransitionSystem, number: int, kind: FairnessKind) -> Fairness:
    """Fairness to all steps of a thread."""
    steps = frozenset(step.index for step in system.transitions if step.process == number)
    return Fairness(system.processes[number].name, kind, steps)


def _at_label(item: t.Fair, label: t.Name, kind: FairnessKind, typer: ExprTyper, lowered: Lowered) -> list[Fairness]:
    """Fairness to the steps that start at a label, for each thread that has it."""
    labels = {name for names in lowered.elaborated.globals.labels.values() for name in names}
    if label.text not in labels:
        raise unknown("E0214", f"no label `{label.text}` exists", label.text, labels, label.span)
    found = []
    for number in _threads(item, typer, lowered):
        places = lowered.derived.locations(number, label.text)
        steps = frozenset(
            step.index for step in lowered.system.transitions if step.process == number and step.origin in places
        )
        if steps:
            found.append(Fairness(f"{lowered.system.processes[number].name} at {label.text}", kind, steps))
    if not found:
        raise error("E0410", f"no step starts at `{' '.join(item.span.text.split())}`", item.span)
    return found


def _threads(item: t.Fair, typer: ExprTyper, lowered: Lowered) -> list[int]:
    """Numbers of the threads that an item names."""
    processes = lowered.system.processes
    if item.threads is None:
        return [number for number, process in enumerate(processes) if process.kind in SCHEDULED]
    handlers = _handlers(item.threads, typer, lowered)
    if handlers:
        return handlers
    thing = typer.thing(item.threads) if not _is_all_threads(item.threads, typer) else None
    if isinstance(thing, ThreadSet) and thing.indices:
        return [typer.fold(typer.thread_value(thing, item.threads.span)) - 1]
    if thing is not None and not isinstance(thing, ThreadSet):
        text = " ".join(item.threads.span.text.split())
        raise error("E0410", f"`{text}` is no thread", item.threads.span, "name threads, arrays of them or processes")
    if isinstance(thing, ThreadSet):
        _check_prefix(thing, typer)
    _, values = typer.domain(t.Domain(item.threads, None), item.threads.span)
    return [value - 1 for value in values]


def _is_all_threads(expr: t.Expr, typer: ExprTyper) -> bool:
    """Whether the name is that of the set of all threads."""
    return isinstance(expr, t.Ident) and expr.name == "threads" and typer.scope.lookup("threads") is None


def _handlers(expr: t.Expr, typer: ExprTyper, lowered: Lowered) -> list[int]:
    """The softirqs that run a handler of this name."""
    symbol = typer.scope.lookup(expr.name) if isinstance(expr, t.Ident) else None
    if not isinstance(symbol, FunctionHead) or not symbol.softirq:
        return []
    instances = lowered.elaborated.model.instances
    return [n for n, one in enumerate(instances) if one.kind == "softirq" and one.template == symbol.name]


def _check_prefix(thing: ThreadSet, typer: ExprTyper) -> None:
    """The index of a process lies below its count."""
    for position, bound in thing.prefix:
        number = typer.fold(position)
        if not 0 <= number < bound:
            raise error("E0301", "there is no such process", position.span)


def _strongest(found: Iterable[Fairness]) -> tuple[Fairness, ...]:
    """Each assumption once, and no weak one beside a strong one about the same steps."""
    strong = {(one.name, one.steps) for one in found if one.kind is FairnessKind.STRONG}
    kept = (one for one in found if one.kind is FairnessKind.STRONG or (one.name, one.steps) not in strong)
    return tuple(dict.fromkeys(kept))
