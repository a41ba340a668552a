"""Expressions after a permutation, in a form that does not depend on how they are written.

For an expression e and a permutation of states, `Image` gives the key of an expression that has in each permuted state
the value that e has in the state. Keys are equal only for expressions with the same meaning: arguments of commutative
operators are sets, sums are collected, comparisons are written with `==` and `<` only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from oomcheck.analysis.permutation import Renaming, renamed
from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Var
from oomcheck.ir.interval import interval
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import Scalar, bounds, scalar_of, width
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass

MAX_VALUES = 256  # of a place whose values are renamed

Key = Hashable


class NotInvariantError(Exception):
    """An expression has no such form: it looks at what is permuted in a way that tells one from the other."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """A place after the permutation, what is renamed in it, and what it holds before."""

    key: Key
    renaming: Renaming
    sort: Scalar

    def values(self) -> range:
        """All values; there must not be too many if some are renamed."""
        low, high = bounds(self.sort)
        if high - low >= MAX_VALUES:
            raise NotInvariantError
        return range(min(low, 0), max(high, 0) + 1)


@dataclass(frozen=True, slots=True)
class _Linear:
    """`factor * atom + offset`."""

    factor: int
    atom: _Atom
    offset: int


class Image:
    """Keys of expressions after slots go to `slots` and what is in them is renamed by `values`."""

    def __init__(self, system: TransitionSystem, slots: Sequence[int], values: Sequence[Renaming]) -> None:
        self._system = system
        self._slots = slots
        self._values = values
        self._width = {system.slot[v.name]: width(v.sort) for v in system.variables}  # by first slot
        self._memo: dict[int, tuple[Expr, Key]] = {}  # by identity of the expression, which is kept alive
        self._fixed = {
            variable.name
            for variable in system.variables
            if all(
                slots[slot] == slot and not values[slot]
                for slot in range(system.slot[variable.name], system.slot[variable.name] + width(variable.sort))
            )
        }

    # ------------------------------------------------------------ plain values

    def of(self, expr: Expr) -> Key:
        """The key of an expression whose value is not renamed."""
        known = self._memo.get(id(expr))
        if known is None:
            known = (expr, self._plain(expr))
            self._memo[id(expr)] = known
        return known[1]

    def _plain(self, expr: Expr) -> Key:
        match expr:
            case Lit() | Var() | Index():
                return self.under(expr, ())
            case Apply(op=(Op.AND | Op.OR) as op, args=args):
                return (op.value, frozenset(map(self.of, args)))
            case Apply(op=Op.NOT, args=(arg,)):
                return negated(self.of(arg))
            case Apply(op=Op.NE, args=(left, right)):
                return negated(self._equal(left, right))
            case Apply(op=Op.EQ, args=(left, right)):
                return self._equal(left, right)
            case Apply(op=Op.LE, args=(left, right)):
                return negated(self._less(right, left))
            case Apply(op=Op.LT, args=(left, right)):
                return self._less(left, right)
            case Apply(op=Op.ITE):
                return self.under(expr, ())
            case Apply(op=op, args=args):
                return self._sum(expr) if op in _LINEAR else (op.value, *map(self.of, args))
            case Quantified():
                raise AssertionError("searches see no quantifiers")

    def _sum(self, expr: Expr) -> Key:
        """A sum, collected: for each term its factor."""
        terms: dict[Key, int] = {}
        offset = self._collect(expr, 1, terms)
        found = frozenset((key, factor) for key, factor in terms.items() if factor)
        if not found:
            return ("#", offset)
        if offset == 0 and len(found) == 1 and next(iter(found))[1] == 1:
            return next(iter(found))[0]
        return ("+", offset, found)

    def _collect(self, expr: Expr, factor: int, terms: dict[Key, int]) -> int:
        match expr:
            case Lit(value=value):
                return factor * value
            case Apply(op=Op.ADD, args=(left, right)):
                return self._collect(left, factor, terms) + self._collect(right, factor, terms)
            case Apply(op=Op.SUB, args=(left, right)):
                return self._collect(left, factor, terms) + self._collect(right, -factor, terms)
            case Apply(op=Op.NEG, args=(arg,)):
                return self._collect(arg, -factor, terms)
            case Apply(op=Op.MUL, args=(Lit(value=value), arg)) | Apply(op=Op.MUL, args=(arg, Lit(value=value))):
                return self._collect(arg, factor * value, terms)
            case Apply(op=Op.MUL, args=args):
                key: Key = (
                    "*",
                    frozenset([(self.of(args[0]), self.of(args[1])), (self.of(args[1]), self.of(args[0]))]),
                )
            case _:
                key = self.of(expr)
        terms[key] = terms.get(key, 0) + factor
        return 0

    # ------------------------------------------------------------ comparisons

    def _equal(self, left: Expr, right: Expr) -> Key:
        renaming = self._natural(left) or self._natural(right)
        return ("==", frozenset((self.under(left, renaming), self.under(right, renaming))))

    def _less(self, left: Expr, right: Expr) -> Key:
        """A comparison; of a renamed value only with a number that does not tell the renamed ones apart."""
        if not self._natural(left) and not self._natural(right):
            return ("<", self.of(left), self.of(right))
        one, other = self._linear(left), self._linear(right)
        if isinstance(right, Lit) and one is not None:
            self._check_order(one, lambda value: value < right.value)
            return ("<", self._written(one, one.offset), self.of(right))
        if isinstance(left, Lit) and other is not None:
            self._check_order(other, lambda value: left.value < value)
            return ("<", self.of(left), self._written(other, other.offset))
        raise NotInvariantError

    def _check_order(self, form: _Linear, holds: Callable[[int], bool]) -> None:
        for value in form.atom.values():
            new = renamed(form.atom.renaming, value)
            if holds(form.factor * value + form.offset) != holds(form.factor * new + form.offset):
                raise NotInvariantError

    def _natural(self, expr: Expr) -> Renaming:
        """How the values of an expression are renamed, by the first place in it whose values are."""
        match expr:
            case Lit():
                return ()
            case Apply(op=Op.ITE, args=(_, then, other)):
                return self._natural(then) or self._natural(other)
            case _:
                form = self._linear(expr)
                if form is None or not form.atom.renaming:
                    return ()
                pairs = (
                    (form.factor * value + form.offset, form.factor * new + form.offset)
                    for value, new in form.atom.renaming
                )
                return tuple(sorted(pairs))

    # ------------------------------------------------------------ renamed values

    def under(self, expr: Expr, renaming: Renaming) -> Key:
        """The key of an expression that has the renamed value."""
        match expr:
            case Lit(value=value):
                return ("#", renamed(renaming, value))
            case Apply(op=Op.ITE, args=(test, then, other)):
                return ("?", self.of(test), self.under(then, renaming), self.under(other, renaming))
        form = self._linear(expr)
        if form is None:
            if renaming:
                raise NotInvariantError
            return self.of(expr)
        if not renaming and not form.atom.renaming:
            return self._written(form, form.offset)
        offsets = {
            renamed(renaming, form.factor * value + form.offset) - form.factor * renamed(form.atom.renaming, value)
            for value in form.atom.values()
        }
        if len(offsets) != 1:
            raise NotInvariantError
        return self._written(form, offsets.pop())

    def _written(self, form: _Linear, offset: int) -> Key:
        if form.factor == 1 and offset == 0:
            return form.atom.key
        return ("+", offset, frozenset([(form.atom.key, form.factor)]))

    def _linear(self, expr: Expr) -> _Linear | None:
        """An expression as a number of times one place, and an offset; None if it is not of this form."""
        match expr:
            case Var() | Index():
                return _Linear(1, self.place(expr), 0)
            case Apply(op=Op.ADD, args=(Lit(value=value), arg)) | Apply(op=Op.ADD, args=(arg, Lit(value=value))):
                form, factor, offset = self._linear(arg), 1, value
            case Apply(op=Op.SUB, args=(arg, Lit(value=value))):
                form, factor, offset = self._linear(arg), 1, -value
            case Apply(op=Op.SUB, args=(Lit(value=value), arg)):
                form, factor, offset = self._linear(arg), -1, value
            case Apply(op=Op.MUL, args=(Lit(value=value), arg)) | Apply(op=Op.MUL, args=(arg, Lit(value=value))):
                form, factor, offset = self._linear(arg), value, 0
            case Apply(op=Op.NEG, args=(arg,)):
                form, factor, offset = self._linear(arg), -1, 0
            case _:
                return None
        if form is None or factor == 0:
            return None
        return _Linear(factor * form.factor, form.atom, factor * form.offset + offset)

    # ------------------------------------------------------------ places

    def place(self, place: Place) -> _Atom:
        """Where a place goes."""
        slot = self._system.slot
        if isinstance(place, Var):
            return self._slot(slot[place.name], scalar_of(place.sort))
        base, size, sort = slot[place.array.name], width(place.array.sort), scalar_of(place.array.sort)
        if isinstance(place.index, Lit):
            if 0 <= place.index.value < size:
                return self._slot(base + place.index.value, sort)
            return _Atom(("#", 0), (), sort)
        if place.array.name in self._fixed:
            return _Atom(("[]", base, self.under(place.index, ())), (), sort)
        target = min(self._slots[base : base + size])
        if self._width.get(target) != size or self._renaming(base, size) is None:
            raise NotInvariantError
        moves = tuple((k, self._slots[base + k] - target) for k in range(size))
        if sorted(new for _, new in moves) != list(range(size)):
            raise NotInvariantError
        renaming = self._renaming(base, size) or ()
        low, high = interval(place.index)
        if renamed(renaming, 0) != 0 and not 0 <= low <= high < size:
            raise NotInvariantError  # outside of the array it reads 0, which would have to be renamed
        index = self.under(place.index, tuple((old, new) for old, new in moves if old != new))
        return _Atom(("[]", target, index), renaming, sort)

    def _slot(self, slot: int, sort: Scalar) -> _Atom:
        return _Atom(("s", self._slots[slot]), self._values[slot], sort)

    def _renaming(self, base: int, size: int) -> Renaming | None:
        """How the elements of an array are renamed; None if not all in one way."""
        found = {self._values[slot] for slot in range(base, base + size)}
        return found.pop() if len(found) == 1 else None


_LINEAR = frozenset((Op.ADD, Op.SUB, Op.MUL, Op.NEG))


def negated(key: Key) -> Key:
    """The key of a negation."""
    return key[1] if isinstance(key, tuple) and key[0] == "!" else ("!", key)
