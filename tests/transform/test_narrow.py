"""Narrowing: constants are folded, arrays taken apart or cut, sorts made as small as their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Place, Var, add, and_, binary, eq, index, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Access, StateVar, Transition, TransitionSystem, Update
from oomcheck.prop.formula import Atom, Or, always
from oomcheck.prop.property import Kind, Part, Property, sanitizer
from oomcheck.prop.temporal import CostBound, Liveness, Response
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Limits
from oomcheck.transform.focus import Reduced, mapped_property
from oomcheck.transform.narrow import narrowed
from tests import strategies, toys
from tests.test_corpus import Params, cases
from tests.transform.answers import assert_same_answers, bits, corpus_questions

COMPLETE = sanitizer("unreachable")
WIDE = IntSort(0, 1000)
N, FIXED, FLAG = Var("n", WIDE), Var("fixed", WIDE), Var("flag", BOOL)
A = Var("a", ArraySort(WIDE, 4))
REFERENCE = EnumSort("task *", ("NULL", "p", "q", "r"))
WHO = Var("who", REFERENCE)
VARIABLES = (
    toys.variable("n", WIDE),
    toys.variable("fixed", WIDE, 7),
    toys.variable("flag", BOOL),
    toys.variable("a", A.sort),
    toys.variable("who", REFERENCE),
)


def one(*steps: Transition, size: int = 3) -> TransitionSystem:
    """A process over the variables above."""
    return toys.system("one", VARIABLES, [toys.process("t", size)], steps)


def step(origin: int, target: int, guard: Expr = TRUE, writes: Sequence[tuple[Place, Expr]] = ()) -> Transition:
    """A step of the process."""
    return toys.step(0, origin, target, guard, writes)


def number(value: int) -> Lit:
    """A number."""
    return toys.number(value)


def left(reduced: Reduced) -> dict[str, StateVar]:
    """The variables that are left besides the program counter, by name."""
    return {v.name: v for v in reduced.system.variables if v.name != "t.pc"}


def test_what_never_changes_is_a_number() -> None:
    """Its reads become literals, conditions on it are decided, and the variable is gone."""
    toy = one(step(0, 1, eq(FIXED, number(7)), [(N, FIXED)]), step(0, 2, binary(Op.LT, FIXED, number(3))), step(1, 0))
    reduced = narrowed(toy, [COMPLETE])
    assert set(left(reduced)) == {"n"}
    assert reduced.gone == ("fixed", "flag", "a[0]", "a[1]", "a[2]", "a[3]", "who")
    assert [t.guard for t in reduced.system.transitions] == [TRUE, FALSE, TRUE]
    assert reduced.system.transitions[0].updates == (Update(Var("n", IntSort(0, 7)), Lit(7, WIDE)),)


def test_transitions_that_cannot_be_taken_keep_their_index() -> None:
    """They have the guard `false` and nothing else to say."""
    toy = one(step(0, 1), step(2, 0, writes=[(N, number(1))]))
    assert [(t.index, t.guard, t.updates) for t in narrowed(toy, [COMPLETE]).system.transitions] == [
        (0, TRUE, ()),
        (1, FALSE, ()),
    ]


def test_a_sort_gets_as_small_as_its_values() -> None:
    """Numbers from the least to the greatest; of names those up to the greatest, so that each keeps its number."""
    toy = one(
        step(0, 1, writes=[(N, number(5)), (WHO, number(2))]), step(1, 0, writes=[(N, number(9)), (WHO, number(0))])
    )
    reduced = narrowed(toy, [COMPLETE, Property("own", Kind.COVER, eq(WHO, number(2)))])
    assert left(reduced)["n"].sort == IntSort(0, 9)
    assert left(reduced)["who"].sort == EnumSort("task *", ("NULL", "p", "q"))
    assert (bits(toy), bits(reduced.system)) == (65, 8)


def test_a_location_tells_what_its_process_wrote() -> None:
    """A local with one value at each place is not read there any more."""
    toy = one(
        step(0, 1, eq(N, number(0)), [(N, number(1))]),
        step(1, 2, eq(N, number(1)), [(N, add(N, number(1)))]),
        step(2, 0, eq(N, number(2)), [(N, number(0))]),
    )
    reduced = narrowed(toy, [COMPLETE])
    assert [t.guard for t in reduced.system.transitions] == [TRUE, TRUE, TRUE]
    assert [t.updates[0].value for t in reduced.system.transitions] == [number(1), Lit(2, WIDE), number(0)]


def counting(*steps: Transition) -> TransitionSystem:
    """`n` is 0, 1 or 2 at location 1; more steps."""
    return one(step(0, 0, binary(Op.LT, N, number(2)), [(N, add(N, number(1)))]), step(0, 1), *steps)


def test_an_array_whose_elements_are_known_is_taken_apart() -> None:
    """Each element that changes becomes a variable."""
    toy = one(
        step(0, 1, eq(index(A, number(1)), number(0)), [(index(A, number(1)), number(3))]),
        step(1, 0, writes=[(index(A, number(1)), number(0))]),
    )
    reduced = narrowed(toy, [COMPLETE])
    element = Var("a[1]", IntSort(0, 3))
    assert left(reduced) == {"a[1]": StateVar("a[1]", element.sort, (0,), VARIABLES[3].role, ("a[1]",))}
    assert reduced.system.transitions[0].updates == (Update(element, number(3)),)


def test_an_index_with_one_meaning_is_that_element_or_outside() -> None:
    """`a[3 n]` with n in 0 .. 2, of which only n = 0 and 1 lie inside; where n > 0, it is a[3] or nothing."""
    place = index(A, binary(Op.MUL, N, number(3)))
    toy = counting(step(1, 2, binary(Op.LT, number(0), N), [(place, number(5))]))
    reduced = narrowed(toy, [COMPLETE])
    n, element = Var("n", IntSort(0, 2)), Var("a[3]", IntSort(0, 5))
    assert set(left(reduced)) == {"n", "a[3]"}
    assert reduced.system.transitions[2].updates == (Update(element, ite(eq(n, Lit(1, WIDE)), number(5), element)),)


def test_an_index_that_several_values_give_is_compared_as_it_is() -> None:
    """`a[3 + 5 (n % 2)]` is a[3] for n = 0 and for n = 2: no single value of n says so."""
    position = add(number(3), binary(Op.MUL, binary(Op.MOD, N, number(2)), number(5)))
    toy = counting(step(1, 2, writes=[(index(A, position), add(N, number(1)))]))
    asked = [COMPLETE, *(Property(f"a{k}", Kind.COVER, eq(index(A, number(3)), number(k))) for k in (1, 2, 3))]
    reduced = narrowed(toy, asked)
    assert "a[3]" in left(reduced)
    found = explore(reduced.system, reduced.properties, Limits()).witnesses
    assert {name: len(witness.steps) for name, witness in found.items()} == {"a1": 2, "a3": 4}
    assert_same_answers(toy, asked, reduced)


def test_a_condition_says_what_an_index_means_after_it() -> None:
    """`who != NULL && a[who - 1]`, where who is NULL or p, reads a[0] and no index any more."""
    place = index(A, binary(Op.SUB, WHO, number(1)))
    toy = one(
        step(0, 0, writes=[(WHO, number(1))]),
        step(0, 0, and_(not_(eq(WHO, number(0))), eq(place, number(0))), [(place, number(1))]),
        step(0, 2, or_(eq(WHO, number(0)), eq(place, number(1)))),
    )
    reduced = narrowed(toy, [COMPLETE])
    who, element = Var("who", EnumSort("task *", ("NULL", "p"))), Var("a[0]", IntSort(0, 1))
    assert [t.guard for t in reduced.system.transitions] == [
        TRUE,
        and_(not_(eq(who, number(0))), eq(element, number(0))),
        or_(eq(who, number(0)), eq(element, number(1))),
    ]
    assert reduced.system.transitions[1].updates == (Update(element, number(1)),)


def test_a_write_that_may_miss_keeps_what_was_written_before_it() -> None:
    """All updates of a step are of the old state, and the last one wins only if it is made."""
    place = index(A, binary(Op.MUL, N, number(3)))
    guard = binary(Op.LT, number(0), N)
    toy = counting(step(1, 2, guard, [(index(A, number(3)), number(4)), (place, number(5))]))
    updates = narrowed(toy, [COMPLETE]).system.transitions[2].updates
    assert updates[-1].value == ite(eq(Var("n", IntSort(0, 2)), Lit(1, WIDE)), number(5), number(4))


def test_a_write_that_may_miss_leaves_one_by_a_computed_index_alone() -> None:
    """With n = 2, `a[n + 1]` is a[3] and `a[3 n]` misses: the first write stands."""
    first, second = index(A, add(N, number(1))), index(A, binary(Op.MUL, N, number(3)))
    toy = counting(step(1, 2, binary(Op.LT, number(0), N), [(first, number(6)), (second, number(5))]))
    asked = [COMPLETE, *(Property(f"a{k}", Kind.COVER, eq(index(A, number(3)), number(k))) for k in (5, 6))]
    reduced = narrowed(toy, asked)
    assert_same_answers(toy, asked, reduced)
    found = explore(reduced.system, reduced.properties, Limits()).witnesses
    assert {name: len(witness.steps) for name, witness in found.items()} == {"a5": 3, "a6": 4}


def test_an_array_with_computed_indices_keeps_the_elements_in_use() -> None:
    """`a[n + 1]` with n in 0 .. 2 can be a[1] to a[3]; from now on a[1] has number 0."""
    toy = counting(step(1, 1, writes=[(index(A, add(N, number(1))), number(6))]))
    reduced = narrowed(toy, [COMPLETE])
    assert reduced.gone == ("fixed", "flag", "a[0]", "who")
    array = left(reduced)["a"]
    assert (array.sort, array.init, array.names) == (ArraySort(IntSort(0, 6), 3), (0, 0, 0), ("a[1]", "a[2]", "a[3]"))
    target = reduced.system.transitions[2].updates[0].target
    assert isinstance(target, Index)
    assert target.index == binary(Op.SUB, add(Var("n", IntSort(0, 2)), number(1)), number(1))


def test_a_table_that_nobody_writes_stays_as_far_as_it_is_read() -> None:
    """Elements that never change are kept where a computed index finds them, and only there."""
    table = replace(VARIABLES[3], init=(4, 5, 6, 7))
    toy = counting(step(1, 2, eq(index(A, N), number(6))))
    reduced = narrowed(replace(toy, variables=tuple(table if v.name == "a" else v for v in toy.variables)), [COMPLETE])
    assert (left(reduced)["a"].init, left(reduced)["a"].sort) == ((4, 5, 6), ArraySort(IntSort(4, 6), 3))
    assert explore(reduced.system, reduced.properties, Limits()).depth == 4


def test_places_of_races_stay() -> None:
    """A variable that never changes but is accessed keeps a place of no bits."""
    touch = (Access(index(A, number(2)), False, False), Access(FIXED, True, False))
    toy = one(replace(step(0, 1), accesses=touch))
    reduced = narrowed(toy, [COMPLETE, sanitizer("race")])
    assert {name: v.sort for name, v in left(reduced).items()} == {"fixed": IntSort(7, 7), "a[2]": IntSort(0, 0)}
    assert [access.place for access in reduced.system.transitions[0].accesses] == [
        Var("a[2]", IntSort(0, 0)),
        Var("fixed", IntSort(7, 7)),
    ]
    assert left(narrowed(toy, [COMPLETE])) == {}


def test_new_names_are_new() -> None:
    """A variable that is called like the element of an array keeps its name."""
    variables = [*VARIABLES, toys.variable("a[1]", BOOL)]
    clash = Var("a[1]", BOOL)
    steps = [step(0, 1, writes=[(index(A, number(1)), number(3)), (clash, TRUE)]), step(1, 0)]
    toy = toys.system("clash", variables, [toys.process("t", 2)], steps)
    assert set(left(narrowed(toy, [COMPLETE]))) == {"a[1]", "a[1]'"}


def test_properties_are_about_the_new_variables() -> None:
    """All conditions of a property are rewritten, those on runs too."""
    read, known = eq(index(A, number(1)), number(3)), eq(FIXED, number(7))
    toy = one(step(0, 1, writes=[(index(A, number(1)), number(3))]), step(1, 0))
    asked = [
        Property("never", Kind.NEVER, and_(known, read), defined=known, antecedents=(Part("read", read),), rest=read),
        Property("run", Kind.LTL, temporal=Liveness(always(Or(Atom(read), Atom(not_(known)))))),
        Property("time", Kind.WITHIN, temporal=Response(read, known)),
        Property("cost", Kind.BOUND, temporal=CostBound("c")),
    ]
    new = eq(Var("a[1]", IntSort(0, 3)), number(3))
    never, run, time, cost = narrowed(toy, asked).properties
    assert (never.formula, never.defined, never.rest) == (new, TRUE, new)
    assert never.antecedents == (Part("read", new),)
    assert run.temporal == Liveness(always(Or(Atom(new), Atom(FALSE))))
    assert time.temporal == Response(new, TRUE)
    assert cost.temporal == CostBound("c")


def test_a_shared_part_of_a_formula_is_rewritten_once() -> None:
    """Both sides of an equivalence stand in it twice; forty of them inside each other must not take for ever."""
    formula = always(Atom(FLAG))
    for _ in range(40):
        formula = Or(formula, formula)
    seen: list[Expr] = []

    def look(expr: Expr) -> Expr:
        seen.append(expr)
        return expr

    mapped_property(Property("p", Kind.LTL, temporal=Liveness(formula)), look)
    assert seen.count(FLAG) == 1


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.systems(), strategies.properties())
def test_random_systems_give_the_same_answers(system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """The same witnesses, antecedents, covered statements and halting faults, in states that are not larger."""
    reduced = narrowed(system, properties)
    assert_same_answers(system, properties, reduced)
    assert bits(reduced.system) <= bits(system)


@pytest.mark.parametrize(("path", "params"), list(cases())[2::8])
def test_models_give_the_same_answers(path: Path, params: Params) -> None:
    """The same on models."""
    for system, properties in corpus_questions(path, params):
        assert_same_answers(system, properties, narrowed(system, properties))
