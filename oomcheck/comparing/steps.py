"""What the threads of two systems do: statements of one side only, and those of both that do not do the same.

Two systems have nothing in common but names: a statement is its text, its kernel function and its thread group. Locals
are compared by the names they have in the source, whichever frame they are in, and that a local is reset when its block
ends is no effect. A transition may carry silent steps behind its statement; what they do counts as done by it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import assert_never

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.sorts import ArraySort, scalar_of, show
from oomcheck.ir.system import Role, Transition, TransitionSystem
from oomcheck.records import dataclass

#: The number that a local has beside its name, to tell it from others of that name in its thread.
_NUMBER = re.compile(r"(?<=[^\s])'\d+")
#: Stands for the end of a thread where statements are expected.
_END = "the end"


@dataclass(frozen=True, slots=True)
class StepChange:
    """A statement of `group` that differs; `how` is "only in A", "only in B", "differs" or "goes on elsewhere".

    `text` is empty for the initial value of the variable `group`, which differs.
    """

    how: str
    group: str
    text: str
    source: str

    def __str__(self) -> str:
        place = f" [{self.source}]" if self.source else ""
        return f"{self.how}: {self.group}: {self.text}{place}" if self.text else f"{self.how}: initial {self.group}"


Key = tuple[str, str, str]  # group, text, kernel function
Meaning = tuple[str, str, frozenset[str], int, tuple[tuple[str, int], ...]]


def step_changes(a: TransitionSystem, b: TransitionSystem) -> tuple[StepChange, ...]:
    """All statements that differ, each once, in the order of the sides.

    One "goes on elsewhere" if it does the same on both sides, but other statements that both have can come next,
    those of one side passed over.
    """
    left, right = _meanings(a), _meanings(b)
    both = left.keys() & right.keys()
    found = [StepChange("only in A", *key) for key in left if key not in both]
    found += [StepChange("only in B", *key) for key in right if key not in both]
    found += [StepChange("differs", *key) for key in left if key in both and left[key] != right[key]]
    told = {(change.group, change.text, change.source) for change in found}
    before, after = _next(a, both), _next(b, both)
    found += [
        StepChange("goes on elsewhere", *key)
        for key in left
        if key in both and key not in told and before[key] != after[key]
    ]
    return (*found, *_initial(a, b))


def _key(system: TransitionSystem, step: Transition) -> Key:
    return system.processes[step.process].group, step.action.text, step.action.source


def _initial(a: TransitionSystem, b: TransitionSystem) -> Iterator[StepChange]:
    """Variables of both that begin with another value; not locals, and not arrays that the number of threads makes."""
    other = {v.name: v.init for v in b.variables}
    for variable in a.variables:
        shared = variable.owner is None and variable.role is not Role.PC
        init = other.get(variable.name, variable.init)
        if shared and init != variable.init and len(init) == len(variable.init):
            yield StepChange("differs", variable.name, "", "")


# ---------------------------------------------------------------- what a step does


def _meanings(system: TransitionSystem) -> Mapping[Key, set[Meaning]]:
    """The guards and effects of the transitions of each statement, in the order of the system."""
    found: dict[Key, set[Meaning]] = {}
    resets = {v.name: v.init[0] for v in system.variables if v.owner is not None and not isinstance(v.sort, ArraySort)}
    for step in system.transitions:
        effects = frozenset(_effects(step, resets))
        name = system.processes[step.process].name
        meaning = (name, _text(step.guard), effects, step.ticks, tuple(sorted(step.costs)))
        found.setdefault(_key(system, step), set()).add(meaning)
    return found


def _effects(step: Transition, resets: Mapping[str, int]) -> Iterator[str]:
    for update in step.updates:
        target, value = update.target, update.value
        if isinstance(target, Var) and isinstance(value, Lit) and resets.get(target.name) == value.value:
            continue
        told = f"{_text(target)} = {_text(value)}"
        if _text(target) != _text(value):  # else an argument that is handed on under the same name
            yield told


def _text(expr: Expr) -> str:
    """An expression in some notation that does not depend on the numbers of locals."""
    match expr:
        case Lit(value=value, sort=sort):
            return show(scalar_of(sort), value)
        case Var(name=name):
            return _NUMBER.sub("", name)
        case Index(array=array, index=index):
            return f"{_text(array)}[{_text(index)}]"
        case Apply(op=op, args=args):
            return f"({op.value} {' '.join(map(_text, args))})"
        case Quantified():
            return repr(expr)
        case _:
            assert_never(expr)


# ---------------------------------------------------------------- what comes next


def _next(system: TransitionSystem, both: set[Key]) -> Mapping[Key, set[object]]:
    """For each statement of both sides those that can come next in its thread, others passed over."""
    leaving: dict[tuple[int, int], list[Transition]] = defaultdict(list)
    for step in system.transitions:
        leaving[step.process, step.origin].append(step)
    found: dict[Key, set[object]] = defaultdict(set)
    for step in system.transitions:
        key = _key(system, step)
        if key in both:
            found[key] |= set(_following(system, leaving, step, both))
    return found


def _following(
    system: TransitionSystem, leaving: Mapping[tuple[int, int], list[Transition]], step: Transition, both: set[Key]
) -> Iterator[object]:
    seen, places = set[int](), [step.target]
    while places:
        place = places.pop()
        if place in seen:
            continue
        seen.add(place)
        steps = leaving.get((step.process, place), [])
        if not steps:
            yield _END
        for other in steps:
            if _key(system, other) in both:
                yield _key(system, other)
            else:
                places.append(other.target)
