"""Hypothesis strategies: small random transition systems and properties about them.

Values stay in their sorts (every assigned number is brought back into its
range), so each system is finite; nothing else about them is sensible.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Place, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, BoolSort, EnumSort, IntSort, Scalar, bounds, scalar_of, width
from oomcheck.ir.system import Access, Fault, LockInfo, ProcessKind, StateVar, Transition, TransitionSystem, Update
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Kind, Part, Property, sanitizer
from tests import toys

BOOLS = (Var("p", BOOL), Var("q", BOOL))
NUMBERS = (Var("x", IntSort(0, 2)), Var("y", IntSort(-1, 1)))
ARRAYS = (Var("a", ArraySort(IntSort(0, 2), 3)), Var("f", ArraySort(BOOL, 2)))
LOCKS = 2
FAULTS = ("uninit", "null", "lifetime", "lockdep", "range", "assert")


def literals(sort: Scalar) -> st.SearchStrategy[Expr]:
    """Constants of a sort."""
    lo, hi = bounds(sort)
    return st.integers(lo, hi).map(lambda value: Lit(value, sort))


def _apply(op: Op, *args: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.tuples(*args).map(lambda chosen: Apply(op, tuple(chosen)))


@cache
def numbers(depth: int) -> st.SearchStrategy[Expr]:
    """Integer expressions, at most `depth` operators deep."""
    leaf = st.one_of(st.sampled_from(NUMBERS), literals(IntSort(-2, 3)))
    if depth == 0:
        return leaf
    below = numbers(depth - 1)
    arithmetic = [_apply(op, below, below) for op in (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD)]
    element = below.map(lambda index: Index(ARRAYS[0], index))
    return st.one_of(
        leaf, element, _apply(Op.NEG, below), _apply(Op.ITE, booleans(depth - 1), below, below), *arithmetic
    )


@cache
def booleans(depth: int) -> st.SearchStrategy[Expr]:
    """Boolean expressions, at most `depth` operators deep."""
    leaf = st.one_of(st.sampled_from(BOOLS), st.sampled_from([TRUE, FALSE]))
    if depth == 0:
        return leaf
    below, number = booleans(depth - 1), numbers(depth - 1)
    comparisons = [_apply(op, number, number) for op in (Op.EQ, Op.NE, Op.LT, Op.LE)]
    element = number.map(lambda index: Index(ARRAYS[1], index))
    known = st.builds(Index, st.sampled_from(ARRAYS), literals(IntSort(0, 2)))
    comparisons.append(_apply(Op.EQ, known, literals(IntSort(0, 2))))
    connectives = [_apply(op, below, below) for op in (Op.AND, Op.OR)]
    return st.one_of(
        leaf, element, _apply(Op.NOT, below), _apply(Op.ITE, below, below, below), *comparisons, *connectives
    )


@cache
def guards() -> st.SearchStrategy[Expr]:
    """Conditions that are true often enough for something to happen."""
    return st.sampled_from([TRUE, TRUE, None]).flatmap(lambda guard: st.just(guard) if guard else booleans(2))


@cache
def places() -> st.SearchStrategy[Place]:
    """Variables and elements; an index may be constant or computed, and may miss its array."""
    positions = st.one_of(literals(IntSort(0, 2)), st.sampled_from(NUMBERS), numbers(1))
    elements = st.builds(Index, st.sampled_from(ARRAYS), positions)
    return st.one_of(st.sampled_from(BOOLS + NUMBERS), elements)


def _into_range(value: Expr, sort: IntSort) -> Expr:
    lo, hi = Lit(sort.lo, sort), Lit(sort.hi, sort)
    low, high = Apply(Op.LT, (value, lo)), Apply(Op.LT, (hi, value))
    return Apply(Op.ITE, (low, lo, Apply(Op.ITE, (high, hi, value))))


@st.composite
def updates(draw: st.DrawFn) -> Update:
    """An assignment that keeps its target in range."""
    target = draw(places())
    sort = scalar_of(target.sort if isinstance(target, Var) else target.array.sort)
    match sort:
        case BoolSort():
            return Update(target, draw(booleans(2)))
        case IntSort():
            value = draw(numbers(2))
            fits = isinstance(value, Lit) and sort.lo <= value.value <= sort.hi
            return Update(target, value if fits else _into_range(value, sort))
        case EnumSort():
            raise AssertionError(sort)


@st.composite
def _steps(draw: st.DrawFn, who: int, origin: int, size: int) -> Transition:
    accesses = st.builds(Access, st.one_of(st.sampled_from(NUMBERS), places()), st.booleans(), st.booleans())
    acquire = st.one_of(st.none(), literals(IntSort(0, LOCKS)), numbers(1))
    # More steps go to the next location than anywhere else, so that processes get somewhere.
    target = st.one_of(st.just((origin + 1) % size), st.integers(0, size - 1))
    return replace(
        toys.step(who, origin, draw(target), draw(guards())),
        updates=tuple(draw(st.lists(updates(), min_size=1, max_size=3))),
        accesses=tuple(draw(st.lists(accesses, max_size=2))),
        acquire=draw(acquire),
        covers=draw(st.frozensets(st.integers(0, 5), max_size=2)),
    )


@st.composite
def _faults(draw: st.DrawFn, sizes: list[int]) -> Fault:
    who = draw(st.integers(0, len(sizes) - 1))
    origin = draw(st.integers(0, sizes[who] - 1))
    return toys.fault(who, origin, draw(booleans(2)), draw(st.sampled_from(FAULTS)), draw(st.booleans()))


@st.composite
def _variables(draw: st.DrawFn) -> list[StateVar]:
    variables = []
    for var in BOOLS + NUMBERS + ARRAYS:
        value = st.integers(*bounds(scalar_of(var.sort)))
        size = width(var.sort)
        variables.append(toys.variable(var.name, var.sort, draw(st.lists(value, min_size=size, max_size=size))))
    return variables


@st.composite
def systems(draw: st.DrawFn) -> TransitionSystem:
    """Two or three processes over two bools, two numbers and two arrays; steps come in any order."""
    sizes = draw(st.lists(st.integers(2, 3), min_size=2, max_size=3))
    kinds = st.sampled_from([ProcessKind.THREAD, ProcessKind.THREAD, ProcessKind.ENV])
    processes = [
        toys.process(
            f"t{number}",
            size,
            draw(st.sampled_from([None, size - 1])),
            draw(kinds),
            draw(st.sampled_from([False, False, True])),
        )
        for number, size in enumerate(sizes)
    ]
    holders = st.tuples(*(booleans(1) for _ in sizes))
    locks = [LockInfo(f"l{number}", draw(holders)) for number in range(LOCKS)]
    steps = [
        draw(_steps(who, origin, size))
        for who, size in enumerate(sizes)
        for origin in range(size)
        for _ in range(draw(st.integers(0, 2)) if origin == size - 1 else 1)
    ]
    faults = draw(st.lists(_faults(sizes), max_size=4))
    return toys.system("random", draw(_variables()), processes, draw(st.permutations(steps)), faults, locks)


@st.composite
def properties(draw: st.DrawFn) -> tuple[Property, ...]:
    """All sanitizers or some, and a few formulas."""
    names = draw(st.one_of(st.just(sorted(SANITIZERS)), st.lists(st.sampled_from(sorted(SANITIZERS)), unique=True)))
    chosen = [sanitizer(name) for name in names]
    kinds = st.sampled_from([kind for kind in Kind if kind is not Kind.SANITIZER and kind not in ABOUT_RUNS])
    for number in range(draw(st.integers(0, 3))):
        parts = tuple(Part("part", formula) for formula in draw(st.lists(booleans(2), max_size=2)))
        formula, defined, rest = draw(booleans(2)), draw(st.one_of(st.just(TRUE), booleans(2))), draw(booleans(1))
        kind = draw(kinds)
        chosen.append(Property(f"own{number}", kind, formula, defined, antecedents=parts, rest=rest))
    return tuple(chosen)
