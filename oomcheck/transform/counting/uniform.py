"""A family read at several sizes: the rules must be the same, as text that does not depend on the size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import EnumSort, show
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.transform.counting.build import counted
from oomcheck.transform.counting.counted import Counted, Refused
from oomcheck.transform.counting.family import Local

_ELEMENT = re.compile(r"\[\d+\]'*$")  # of an array that was taken apart
_IN_ANY_ORDER = frozenset({Op.AND, Op.OR, Op.ADD})


def counted_family(
    sizes: Sequence[tuple[TransitionSystem, Sequence[Property]]], name: str, least: int = 1
) -> Counted | Refused:
    """Count the processes `name[0]`, `name[1]`, ... of a model, whose system and properties are given at several sizes.

    The sizes are two or more that follow each other, the first at least 3. At one size a step that picks two threads of
    three cannot be told from one that leaves out one thread; at the next one it can. Each system should have been
    sliced and reset, in the same way.
    """
    assert len(sizes) > 1
    found: Counted | None = None
    for system, properties in sizes:
        one = counted(system, properties, name, least)
        if isinstance(one, Refused):
            return one
        members = len(one.family.members)
        assert found is None or members == len(found.family.members) + 1
        rule = "" if found is None else difference(found, one)
        if rule:
            return Refused(f"with {members - 1} and with {members} threads `{name}` the rules differ: {rule}")
        found = one
    assert found is not None
    return found


def difference(one: Counted, other: Counted) -> str:
    """A rule that one of two counted systems has and the other one has not, "" if there is none.

    Made from two sizes of one model, they are alike if nothing in the model depends on the size but the number of
    members itself.
    """
    first, second = frozenset(_rules(one)), frozenset(_rules(other))
    return min(first ^ second, default="")


def _rules(counted: Counted) -> Iterator[str]:
    """All of a counted system: variables, steps, faults, properties."""
    system, text = counted.system, _Text(counted)
    for variable in system.variables:
        start = show(variable.sort, variable.init[0]) if isinstance(variable.sort, EnumSort) else variable.init[0]
        yield f"{text.names[variable.name]} starts as {start}"
    for step in system.transitions:
        updates = sorted(f"{text.of(update.target)} := {text.of(update.value)}" for update in step.updates)
        process = system.processes[step.process].name
        yield f"{process} {step.origin} -> {step.target} if {text.of(step.guard)}: {', '.join(updates)}"
    for fault in system.faults:
        process = system.processes[fault.process].name
        yield f"{process} {fault.origin} {fault.sanitizer} {fault.halts} if {text.of(fault.guard)}"
    for prop in counted.properties:
        parts = [prop.formula, prop.defined, *(part.formula for part in prop.antecedents)]
        yield f"{prop.name} {prop.kind.value}: {', '.join(map(text.of, parts))}"


class _Text:
    """Expressions of a counted system, with local states by what they are."""

    def __init__(self, counted: Counted) -> None:
        labels = _labels(counted.family.system)
        self.names: dict[str, str] = {v.name: f"`{v.name}`" for v in counted.system.variables}
        for slot, variable in zip(counted.family.shared, counted.system.variables, strict=False):
            self.names[variable.name] = labels[slot]
        for local, counter in counted.counters.items():
            self.names[counter.name] = _local(counted, labels, local)

    def of(self, expr: Expr) -> str:
        """The text of an expression; what may stand in any order is sorted."""
        match expr:
            case Lit(value=value, sort=EnumSort() as sort):
                return show(sort, value)
            case Lit(value=value):
                return str(value)
            case Var(name=name):
                return self.names[name]
            case Apply(op=op, args=args):
                texts = [self.of(arg) for arg in args]
                return f"{op.value}({', '.join(sorted(texts) if op in _IN_ANY_ORDER else texts)})"
            case Index() | Quantified():
                raise AssertionError("a counted system has neither arrays nor quantifiers")


def _labels(system: TransitionSystem) -> Mapping[int, str]:
    """A name of each slot that no other one has, and that does not count members."""
    return {
        slot: f"{_ELEMENT.sub('', variable.name)}/{variable.names[element]}"
        for slot, (variable, element) in enumerate(system.slots)
    }


def _local(counted: Counted, labels: Mapping[int, str], local: Local) -> str:
    """A local state in full."""
    family = counted.family
    sorts = family.system.slot_sorts
    own = [f"{labels[slot]} = {show(sorts[slot], local[k])}" for k, slot in enumerate(family.own)]
    named = [f"named by {labels[slot]}" for slot, bit in family.bit.items() if local[bit]]
    return f"count({', '.join(sorted([*own, *named]))})"
