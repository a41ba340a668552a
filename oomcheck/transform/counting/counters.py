"""Expressions over the slots of a family as expressions over globals and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, add, and_, binary, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort, scalar_of
from oomcheck.ir.walk import rebuild
from oomcheck.records import dataclass
from oomcheck.transform.counting.cases import Case
from oomcheck.transform.counting.family import Family, Local, NotCountableError
from oomcheck.transform.counting.partial import partial_slot

NUMBER = IntSort(0, 2**31 - 1)

Leaf = Callable[[Var | Index], Expr]


def number(value: int) -> Lit:
    """A literal beside counters."""
    return Lit(value, NUMBER)


@dataclass(frozen=True, slots=True)
class Names:
    """The variables of a counted system: of each global slot, and the counter of each local state."""

    shared: Mapping[int, Var]
    counters: Mapping[Local, Var]


class Reading:
    """How a case reads expressions: what it knows is put in, conditions on the rest of the members are counted."""

    def __init__(self, family: Family, names: Names, case: Case) -> None:
        self._family, self._names = family, names
        self._others = [member for member in range(len(family.members)) if member not in case.subjects]
        self._taken = Counter(case.before)
        self._leaf = self._leaf_of(_values(family, case))

    def __call__(self, expr: Expr) -> Expr:
        """The expression over globals and counters."""
        return self._counted(_built(expr, self._leaf))

    # ------------------------------------------------------------ what is known

    def _leaf_of(self, known: Mapping[int, int]) -> Leaf:
        """Known slots become literals, global ones their variables; slots of other members stay."""

        def leaf(place: Var | Index) -> Expr:
            slot = self._slot(place)
            if slot is None:
                raise NotCountableError("an index is computed from what is not known")
            if slot < 0:
                return Lit(0, scalar_of(place.sort if isinstance(place, Var) else place.array.sort))
            if slot in known:
                return Lit(known[slot], self._family.system.slot_sorts[slot])
            return place if self._family.owner[slot] is not None else self._names.shared[slot]

        return leaf

    def _slot(self, place: Var | Index) -> int | None:
        return partial_slot(self._family.system, place, lambda _: None)

    def _about(self, expr: Expr) -> frozenset[int]:
        """The members whose slots are still in an expression."""
        match expr:
            case Lit():
                return frozenset()
            case Var(name=name) if name not in self._family.system.slot:
                return frozenset()  # a counter, or an element of an array that is a variable now
            case Var() | Index():
                slot = self._slot(expr)
                member = None if slot is None else self._family.owner[slot]
                return frozenset() if member is None else frozenset((member,))
            case Apply(args=args):
                return frozenset().union(*map(self._about, args))
            case Quantified():
                raise AssertionError("this system has a known size")

    # ------------------------------------------------------------ all, some, how many

    def _counted(self, expr: Expr) -> Expr:
        about = self._about(expr)
        if not about:
            return expr
        match expr:
            case Apply(op=Op.AND | Op.OR as op, args=args):
                return rebuild(op, tuple(self._parts(args, self._all if op is Op.AND else self._some, op)))
            case Apply(op=Op.ADD) if len(about) > 1:
                return _sum(self._parts(list(_terms(expr)), self._sum, Op.ADD))
            case Apply(op=op, args=args) if len(about) > 1:
                return rebuild(op, tuple(map(self._counted, args)))
            case _:
                raise self._refusal()

    def _refusal(self) -> NotCountableError:
        return NotCountableError(f"a condition tells the threads `{self._family.name}` apart")

    def _parts(self, args: Sequence[Expr], combine: Callable[[Mapping[Local, Expr]], Expr], op: Op) -> list[Expr]:
        """Arguments about nobody or several as they are, those about one member each together as one for all."""
        plain: list[Expr] = []
        each: dict[int, list[Expr]] = {}
        for arg in args:
            about = self._about(arg)
            if len(about) == 1:
                each.setdefault(next(iter(about)), []).append(arg)
            else:
                plain.append(self._counted(arg))
        if each:
            if len(self._others) < 2 or set(each) != set(self._others):
                raise self._refusal()
            whole = {
                member: _sum(parts) if op is Op.ADD else rebuild(op, tuple(parts)) for member, parts in each.items()
            }
            plain.append(combine(self._by_local(whole)))
        return plain

    def _by_local(self, whole: Mapping[int, Expr]) -> Mapping[Local, Expr]:
        """What the expressions about one member each are in each local state; the same for all members."""
        found: dict[Local, Expr] = {}
        for local in self._names.counters:
            values = {self._in_state(expr, member, local) for member, expr in whole.items()}
            if len(values) != 1:
                raise self._refusal()
            found[local] = values.pop()
        return found

    def _in_state(self, expr: Expr, member: int, local: Local) -> Expr:
        def leaf(place: Var | Index) -> Expr:
            slot = None if isinstance(place, Var) and place.name not in self._family.system.slot else self._slot(place)
            if slot is None or self._family.owner[slot] != member:
                return place
            value = self._family.real(slot, local[self._family.place(slot)[0]], member)
            return Lit(value, self._family.system.slot_sorts[slot])

        return _built(expr, leaf)

    def _all(self, by_local: Mapping[Local, Expr]) -> Expr:
        """No other member is in a local state where the condition fails."""
        return and_(*(or_(holds, self._none(local)) for local, holds in by_local.items()))

    def _some(self, by_local: Mapping[Local, Expr]) -> Expr:
        """Some other member is in a local state where the condition holds."""
        return or_(
            *(and_(holds, at_least(self._names, local, self._taken[local] + 1)) for local, holds in by_local.items())
        )

    def _sum(self, by_local: Mapping[Local, Expr]) -> Expr:
        """The sum over all other members; in each local state a number, or one of two by a global condition."""
        return _sum(term for local, value in by_local.items() for term in self._times(local, value))

    def _times(self, local: Local, value: Expr) -> Iterable[Expr]:
        match value:
            case Lit(value=0):
                return
            case Lit(value=factor):
                many = binary(Op.SUB, self._names.counters[local], number(self._taken[local]))
                yield binary(Op.MUL, many, number(factor))
            case Apply(op=Op.ITE, args=(test, then, other)):
                yield ite(test, _sum(self._times(local, then)), _sum(self._times(local, other)))
            case _:
                raise self._refusal()

    def _none(self, local: Local) -> Expr:
        return binary(Op.LE, self._names.counters[local], number(self._taken[local]))


def at_least(names: Names, local: Local, many: int) -> Expr:
    """So many members are in a local state."""
    return binary(Op.LE, number(many), names.counters[local])


def _values(family: Family, case: Case) -> Mapping[int, int]:
    """All that a case knows of slots."""
    holders = dict(case.holders)
    found = {slot: family.real(slot, value, holders.get(slot, 0)) for slot, value in case.known}
    for member, local in zip(case.subjects, case.before, strict=True):
        for position, slot in enumerate(family.own):
            place = family.swap(0, member).slots[slot]
            found[place] = family.real(place, local[position], member)
    return found


def _built(expr: Expr, leaf: Leaf) -> Expr:
    """`expr` with leaves replaced and folded."""
    match expr:
        case Lit():
            return expr
        case Var():
            return leaf(expr)
        case Index():
            return leaf(Index(expr.array, _built(expr.index, leaf)))
        case Apply(op=op, args=args):
            return _folded(op, tuple(_built(arg, leaf) for arg in args))
        case Quantified():
            raise AssertionError("this system has a known size")


def _folded(op: Op, args: tuple[Expr, ...]) -> Expr:
    match op, args:
        case (Op.EQ, (Lit(sort=sort), right)) if sort == BOOL:
            return rebuild(op, (right, args[0]))
        case _:
            return rebuild(op, args)


def _terms(expr: Expr) -> Iterable[Expr]:
    if isinstance(expr, Apply) and expr.op is Op.ADD:
        yield from _terms(expr.args[0])
        yield from _terms(expr.args[1])
    else:
        yield expr


def _sum(terms: Iterable[Expr]) -> Expr:
    total: Expr = number(0)
    for term in terms:
        total = add(total, term)
    return total
