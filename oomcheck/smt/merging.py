"""Clauses by the places of processes at which they say something; many about one place each become few about sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Var, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BoolSort, IntSort, bounds, scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass
from oomcheck.smt.ground import is_truth

Places = tuple[tuple[str, frozenset[int]], ...]  # program counters, by name, with places
WIDE = 16  # values of a sort that are told apart
MOST_PARTS = 64  # that a condition is split into


@dataclass(frozen=True, slots=True)
class Clause:
    """While each program counter of `places` is at one of its places, one of `rest` holds."""

    places: Places
    rest: tuple[Expr, ...]

    @property
    def body(self) -> frozenset[Expr]:
        """What it says of the places."""
        return frozenset(self.rest)


class Counters:
    """The program counters of a system, and clauses as expressions."""

    def __init__(self, system: TransitionSystem) -> None:
        names = {v.name: v.var for v in system.variables}
        self.count = {p.pc: len(p.locations) for p in system.processes if p.pc in names}
        self._var = {name: names[name] for name in self.count}
        self._never: dict[str, frozenset[int]] = {}

    def never(self, clauses: Iterable[Clause]) -> None:
        """Take note of the places where no process ever is, as these clauses say; expressions need not name them."""
        for clause in clauses:
            if len(clause.places) == 1 and not clause.rest:
                name, here = clause.places[0]
                self._never[name] = self._never.get(name, frozenset()) | here

    def spread(self, clause: Clause) -> Clause:
        """A clause said of those places as well."""
        if not clause.rest and len(clause.places) == 1:
            return clause
        return Clause(tuple((name, here | self._never.get(name, here)) for name, here in clause.places), clause.rest)

    def clause(self, expr: Expr) -> Clause:
        """An expression as a clause; what says nothing about places alone is in `rest`."""
        inside: dict[str, frozenset[int]] = {}
        outside: dict[str, set[int]] = {}
        rest: dict[Expr, None] = {}
        for part in literals(expr):
            name, values, without = self._placed(part)
            if name and without and name not in inside:
                inside[name] = values
            elif name and not without:
                outside.setdefault(name, set()).update(values)
            else:
                rest[part] = None
        for name, without_ in outside.items():
            every = inside.get(name, frozenset(range(self.count[name])))
            inside[name] = every - without_
        return Clause(tuple(sorted(inside.items())), tuple(rest))

    def _placed(self, part: Expr) -> tuple[str, frozenset[int], bool]:
        """The counter of which a part is all about, values, and whether these are excluded; "" if there is none."""
        match part:
            case Apply(op=Op.NE | Op.EQ as op, args=(Var(name=name), Lit(value=value))) if name in self.count:
                return name, frozenset((value,)), op is Op.NE
            case Apply(op=Op.NOT, args=(Apply(op=Op.OR, args=args),)):
                found = [self._placed(arg) for arg in args]
                if len({name for name, _, _ in found}) == 1 and not any(without for _, _, without in found):
                    return found[0][0], frozenset().union(*(values for _, values, _ in found)), True
        return "", frozenset(), False

    def expr(self, clause: Clause) -> Expr:
        """A clause as an expression: places are named, or those that are left, whichever is shorter."""
        return or_(*(self._elsewhere(name, here) for name, here in clause.places), *clause.rest)

    def _elsewhere(self, name: str, here: frozenset[int]) -> Expr:
        never = self._never.get(name, frozenset())
        left = sorted(set(range(self.count[name])) - here - never)
        if here <= never:
            never = frozenset()
        here -= never
        if len(here) <= len(left):
            return not_(or_(*(self._at(name, place) for place in sorted(here))))
        return or_(*(self._at(name, place) for place in left))

    def _at(self, name: str, place: int) -> Expr:
        var = self._var[name]
        return eq(var, Lit(place, scalar_of(var.sort)))

    def parted(self, name: str, here: frozenset[int], there: frozenset[int]) -> bool:
        """Whether a process is always at one of these places or at one of those, and never at both."""
        never = self._never.get(name, frozenset())
        return not (here & there) - never and len(here | there | never) == self.count[name]


def literals(expr: Expr) -> Iterator[Expr]:
    """The parts of a disjunction."""
    match expr:
        case Apply(op=Op.OR, args=args):
            for arg in args:
                yield from literals(arg)
        case Apply(op=Op.NOT, args=(Apply(op=Op.AND, args=args),)):
            for arg in args:
                yield from literals(not_(arg))
        case _:
            yield expr


def clauses_of_not(bad: Expr) -> Iterator[Expr]:
    """The opposite of a condition as clauses, which hold together exactly if it does not."""
    for part in literals(bad):
        yield or_(*literals(not_(part)))


def merged(clauses: Iterable[Clause]) -> list[Clause]:
    """Clauses that differ only in the places of one counter become one; it says as much as they do."""
    found = list(clauses)
    size = -1
    while len(found) != size:
        size = len(found)
        for name in sorted({name for clause in found for name, _ in clause.places}):
            found = list(_merged_by(found, name))
    return found


def _merged_by(clauses: Sequence[Clause], name: str) -> Iterator[Clause]:
    groups: dict[object, Clause] = {}
    for number, clause in enumerate(clauses):
        here = dict(clause.places)
        places = here.pop(name, None)
        key: object = number if places is None else (tuple(sorted(here.items())), clause.body)
        if key in groups and places is not None:
            places |= dict(groups[key].places)[name]
        if places is not None:
            here[name] = places
        groups[key] = Clause(tuple(sorted(here.items())), groups.get(key, clause).rest)
    yield from groups.values()


def without_weaker(clauses: Sequence[Clause]) -> list[Clause]:
    """Clauses that follow from no other one of them alone."""
    by_size = sorted(range(len(clauses)), key=lambda n: (*_strength(clauses[n]), n))
    found: list[int] = []
    for number in by_size:
        if not any(_stronger(clauses[other], clauses[number]) for other in found):
            found.append(number)
    return [clauses[number] for number in sorted(found)]


def _strength(clause: Clause) -> tuple[int, int, int]:
    """Less for what may be stronger: few parts, equalities before bounds, low bounds first, what is excluded last."""
    rank = bound = 0
    for part in clause.rest:
        match part:
            case Apply(op=Op.LE, args=(_, Lit(value=value))):
                rank, bound = rank + 1, bound + value
            case Apply(op=Op.EQ):
                pass
            case _:
                rank += 2
    return len(clause.rest) + len(clause.places), rank, bound


def _stronger(one: Clause, other: Clause) -> bool:
    """Whether a clause implies another, part by part."""
    here = dict(other.places)
    if any(name not in here or not here[name] <= places for name, places in one.places):
        return False
    return all(part in other.rest or any(_implies(part, more) for more in other.rest) for part in one.rest)


def _implies(one: Expr, other: Expr) -> bool:
    """Whether one comparison with a number implies another of the same term."""
    match one, other:
        case (
            Apply(op=Op.EQ, args=(place, Lit(value=value))),
            Apply(op=Op.NE, args=(same, Lit(value=excluded))),
        ):
            return place == same and value != excluded
        case (
            Apply(op=Op.LE, args=(place, Lit(value=value))),
            Apply(op=Op.NE, args=(same, Lit(value=excluded))),
        ):
            return place == same and value < excluded
        case (
            Apply(op=Op.LE, args=(place, Lit(value=value))),
            Apply(op=Op.LE, args=(same, Lit(value=bound))),
        ):
            return place == same and value <= bound
        case Apply(op=Op.EQ, args=(left, right)), Apply(op=Op.LE, args=(low, high)):
            return (low, high) in ((left, right), (right, left))
    return False


# ---------------------------------------------------------------- values


def by_value(clauses: Sequence[Clause]) -> Iterator[Clause]:
    """What several clauses say of one term in one: a value or a bound that are left, or the equality of two terms.

    For values this is as strong only if the slot is in its sort.
    """
    groups: dict[tuple[Places, frozenset[Expr], Var | Index], tuple[Clause, set[int]]] = {}
    always = [clause.rest[0] for clause in clauses if not clause.places and len(clause.rest) == 1]
    orders: dict[tuple[Places, frozenset[Expr], Expr, Expr], Clause] = {}
    for clause in clauses:
        for part in clause.rest:
            others = tuple(other for other in clause.rest if other is not part)
            less = Clause(clause.places, others)
            match part:
                case Apply(op=Op.NE, args=(Var() | Index() as place, Lit(value=value))) if not is_truth(place):
                    groups.setdefault((less.places, less.body, place), (less, set()))[1].add(value)
                case Apply(op=Op.LE, args=(low, high)):
                    orders[less.places, less.body, low, high] = less
                    if (less.places, less.body, high, low) in orders:
                        yield Clause(less.places, (*others, eq(low, high)))
    for (_, _, place), (clause, values) in groups.items():
        yield from (Clause(clause.places, (*clause.rest, part)) for part in _left(place, values, always))


def _left(place: Var | Index, values: set[int], always: Sequence[Expr]) -> Iterator[Expr]:
    """What is left of a slot in its sort without some values, if that is one value or all up to one."""
    sort = scalar_of(place.sort if isinstance(place, Var) else place.array.sort)
    low, high = bounds(sort)
    if isinstance(sort, BoolSort) or high - low > WIDE:
        return
    found = set(range(low, high + 1)) - values
    for part in always:
        match part:
            case Apply(op=Op.NE, args=(same, Lit(value=value))) if same == place:
                found.discard(value)
            case Apply(op=Op.LE, args=(same, Lit(value=value))) if same == place:
                found -= set(range(value + 1, high + 1))
    left = sorted(found)
    if len(left) == 1:
        yield eq(place, Lit(left[0], sort))
    elif isinstance(sort, IntSort) and left and left[-1] - left[0] == len(left) - 1 and left[0] == low:
        yield binary(Op.LE, place, Lit(left[-1], sort))


def split(expr: Expr) -> Iterator[Expr]:
    """A disjunction in which some parts are conjunctions, as several; as it is if it would be too many."""
    found = list(literals(expr))
    if prod(len(p.args) for p in found if isinstance(p, Apply) and p.op is Op.AND) > MOST_PARTS:
        yield expr
        return
    for number, part in enumerate(found):
        if isinstance(part, Apply) and part.op is Op.AND:
            for one in part.args:
                yield from split(or_(*found[:number], one, *found[number + 1 :]))
            return
    yield expr


# ---------------------------------------------------------------- for readers


def told(counters: Counters, exprs: Sequence[Expr]) -> tuple[Expr, ...]:
    """The conditions in fewer: both ends of a range in one, and what holds at places with what holds elsewhere."""
    return tuple(_choices(counters, _paired_bounds(exprs)))


def _choices(counters: Counters, exprs: Sequence[Expr]) -> Iterator[Expr]:
    """`at(A) -> x` and `not at(A) -> y` as `at(A) ? x : y`, where both are about the same."""
    waiting = dict.fromkeys(exprs)
    clauses = {expr: counters.clause(expr) for expr in exprs}
    for expr in exprs:
        if expr not in waiting:
            continue
        del waiting[expr]
        other = next((e for e in waiting if _complements(counters, clauses[expr], clauses[e])), None)
        if other is None:
            yield expr
            continue
        del waiting[other]
        short, long = sorted((clauses[expr], clauses[other]), key=lambda c: len(c.places[0][1]))
        yield Apply(Op.ITE, (not_(counters.expr(Clause(short.places, ()))), short.rest[0], long.rest[0]))


def _complements(counters: Counters, one: Clause, other: Clause) -> bool:
    if not len(one.places) == len(other.places) == len(one.rest) == len(other.rest) == 1:
        return False
    (name, here), (same, there) = one.places[0], other.places[0]
    return name == same and counters.parted(name, here, there) and _subject(one.rest[0]) == _subject(other.rest[0])


def _subject(part: Expr) -> Expr:
    """What a comparison is about."""
    match part:
        case Apply(op=Op.EQ | Op.NE | Op.NOT, args=(place, *_)):
            return place
        case _:
            return part


def _paired_bounds(exprs: Sequence[Expr]) -> list[Expr]:
    """`low <= x` and `x <= high` as one condition, where the first one was."""
    upper: dict[Expr, Expr] = {}
    for expr in exprs:
        if _is_upper(expr):
            upper.setdefault(_bounded(expr), expr)
    lower = {_bounded(expr): expr for expr in reversed(exprs) if _is_lower(expr)}
    found: list[Expr] = []
    for expr in exprs:
        if _is_lower(expr) and expr is lower[_bounded(expr)] and _bounded(expr) in upper:
            found.append(and_(expr, upper[_bounded(expr)]))
        elif not (_is_upper(expr) and expr is upper[_bounded(expr)] and _bounded(expr) in lower):
            found.append(expr)
    return found


def _is_lower(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.op in (Op.LE, Op.LT) and isinstance(expr.args[0], Lit)


def _is_upper(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.op in (Op.LE, Op.LT) and not _is_lower(expr)


def _bounded(expr: Expr) -> Expr:
    assert isinstance(expr, Apply)
    return expr.args[1] if _is_lower(expr) else expr.args[0]
