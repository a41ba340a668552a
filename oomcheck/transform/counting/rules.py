"""What can happen in a family, once for all members: steps and faults up to a change of places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from oomcheck.analysis.canon import Image, NotInvariantError
from oomcheck.analysis.slots import slots_named, slots_read
from oomcheck.ir.expr import TRUE, Apply, Expr, Index, Lit, and_, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.system import Fault, Transition, TransitionSystem, Update
from oomcheck.ir.walk import subexpressions
from oomcheck.records import dataclass
from oomcheck.transform.counting.family import Family, NotCountableError


@dataclass(frozen=True, slots=True)
class Rule:
    """A step, a fault or a condition on states.

    `subjects` are the members that its text treats in another way than the rest: the one whose step it is, and those
    that it means by name. `needed` are the global slots whose values must be known to tell which slots it is about:
    the naming ones that it reads or writes, and those that a computed index or a written name depends on.
    """

    guard: Expr
    updates: tuple[Update, ...]
    subjects: tuple[int, ...]
    needed: tuple[int, ...]
    source: Transition | Fault | None


def steps_of(family: Family) -> Iterator[Rule]:
    """The steps, one for all those that change places with it; numbers may leave C's int."""
    system, seen = family.system, set[int]()
    for position, step in enumerate(system.transitions):
        if position in seen:
            continue
        frontier = [position]
        while frontier:
            one = frontier.pop()
            if one not in seen:
                seen.add(one)
                frontier.extend(swap.transitions[one] for swap in family.swaps.values())
        alike = {pair for pair, swap in family.swaps.items() if swap.transitions[position] == position}
        guard = without_ends(step.guard)
        yield _rule(family, guard, step.updates, _subjects(family, step.process, alike), step)


def faults_of(family: Family, faults: Iterable[Fault]) -> Iterator[Rule]:
    """The faults, without those of members other than the first one, which are alike, and without the ends of int."""
    images = {pair: Image(family.system, swap.slots, swap.values) for pair, swap in family.swaps.items()}
    plain = Image(family.system, tuple(range(len(family.system.initial))), ((),) * len(family.system.initial))
    for fault in faults:
        if fault.process in family.members[1:] or is_end(fault):
            continue
        alike = {pair for pair, image in images.items() if _same(image, plain, fault.guard)}
        yield _rule(family, fault.guard, (), _subjects(family, fault.process, alike), fault)


def condition(family: Family, formula: Expr) -> Rule:
    """A condition that tells no member from another."""
    return _rule(family, formula, (), (), None)


# ---------------------------------------------------------------- numbers without ends

_LOW, _HIGH = -(2**31), 2**31 - 1  # the ends of C's int


def without_ends(guard: Expr) -> Expr:
    """A guard without the conjuncts that keep a number within C's int."""
    if isinstance(guard, Apply) and guard.op is Op.AND:
        return and_(*(arg for arg in guard.args if not _keeps_inside(arg)))
    return TRUE if _keeps_inside(guard) else guard


def is_end(fault: Fault) -> bool:
    """Whether a fault is that a number leaves C's int."""
    guard = fault.guard
    parts = guard.args if isinstance(guard, Apply) and guard.op is Op.AND else (guard,)
    return fault.sanitizer == "range" and any(_keeps_inside(not_(part)) for part in parts)


def _keeps_inside(expr: Expr) -> bool:
    match expr:
        case Apply(op=Op.LE, args=(Lit(value=low), _)) if low <= _LOW:
            return True
        case Apply(op=Op.LE, args=(_, Lit(value=high))) if high >= _HIGH:
            return True
        case _:
            return False


# ---------------------------------------------------------------- who is meant


def _same(image: Image, plain: Image, expr: Expr) -> bool:
    try:
        return image.of(expr) == plain.of(expr)
    except NotInvariantError:
        return False


def _subjects(family: Family, process: int, alike: set[tuple[int, int]]) -> tuple[int, ...]:
    """All members but the largest set of those that can change places; a member that moves is always one."""
    mover = family.members.index(process) if process in family.members else None
    rest = [member for member in range(len(family.members)) if member != mover]
    others: Sequence[int] = ()
    for size in range(len(rest), 0, -1):
        found = next((c for c in combinations(rest, size) if all(pair in alike for pair in combinations(c, 2))), None)
        if found is not None:
            others = found
            break
    told_apart = tuple(member for member in rest if member not in others)
    return told_apart if mover is None else (mover, *told_apart)


def _rule(
    family: Family,
    guard: Expr,
    updates: tuple[Update, ...],
    subjects: tuple[int, ...],
    source: Transition | Fault | None,
) -> Rule:
    exprs = [guard, *(expr for update in updates for expr in (update.target, update.value))]
    touched = {slot for expr in exprs for slot in slots_read(family.system, expr)}
    naming = touched.intersection(family.naming)
    deciding = _indexing(family.system, exprs) | _names_written(family, updates)
    needed = naming | deciding.intersection(family.shared)
    if not needed.issubset(family.followed):
        slot = min(needed.difference(family.followed))
        raise NotCountableError(f"`{family.system.slot_names[slot]}` has too many values for an index or a name")
    return Rule(guard, updates, subjects, tuple(sorted(needed)), source)


def _names_written(family: Family, updates: Sequence[Update]) -> set[int]:
    """Slots that the values depend on that naming slots get."""
    found: set[int] = set()
    for update in updates:
        if not set(slots_named(family.system, update.target)).isdisjoint(family.naming):
            found.update(slots_read(family.system, update.value))
    return found


def _indexing(system: TransitionSystem, exprs: Sequence[Expr]) -> set[int]:
    """Slots that computed indices depend on."""
    found: set[int] = set()
    for expr in exprs:
        for node in subexpressions(expr):
            if isinstance(node, Index):
                found.update(slots_read(system, node.index))
    return found


def targets(rule: Rule, family: Family) -> frozenset[int]:
    """The slots that a rule may write, by its text."""
    return frozenset(slot for update in rule.updates for slot in slots_named(family.system, update.target))
