"""Expressions and obligations as SMT-LIB text, against the reference meaning and against the terms that Z3 is given."""

from __future__ import annotations

from collections.abc import Iterator

import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.ir.expr import FALSE, Apply, Expr, Index, Lit, Place, Var, and_, eq, forall, implies, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, bounds
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt import smtlib
from oomcheck.smt.machine import Machine
from oomcheck.smt.obligations import obligations
from oomcheck.smt.outcome import Proof, Question
from oomcheck.smt.smtlib import MAX_INLINE, Writer
from tests import strategies, toys
from tests.smt.proofs import walk, walk_proof

NUMBER = IntSort(-100, 100)
CORNERS = (-7, -2, -1, 0, 1, 2, 7)


def frame(system: TransitionSystem) -> dict[str, tuple[str, ...]]:
    """The slots of one state."""
    return {v.name: smtlib.slot_names(v) for v in system.variables}


def refuted(system: TransitionSystem, state: State, expr: Expr, value: int, truth: bool) -> str:
    """A script that is unsatisfiable exactly if `expr` has this value in the state."""
    writer = Writer(system.variables, frame(system))
    text = writer.truth(expr) if truth else f"(= {writer.number(expr)} {smtlib.integer(value)})"
    names = [(v, name) for v in system.variables for name in smtlib.slot_names(v)]
    lines = [
        f"(define-fun {name} () {smtlib.sort_text(v)} {smtlib.literal(number, sort).text})"
        for (v, name), number, sort in zip(names, state, system.slot_sorts, strict=True)
    ]
    claim = text if not truth or value else f"(not {text})"
    return "\n".join([*lines, *writer.definitions, f"(assert (not {claim}))"])


def answer(script: str, rlimit: int = 2_000_000) -> str:
    """What Z3 says to a script, read as text."""
    solver = z3.Solver()
    solver.set("rlimit", rlimit)
    solver.from_string(script)
    return str(solver.check())


@given(data=st.data(), system=strategies.systems())
@settings(max_examples=40)
def test_text_means_what_the_reference_says(data: st.DataObject, system: TransitionSystem) -> None:
    """Whatever the values, in and out of arrays: the text has the value that the interpreter gives."""
    state = tuple(data.draw(st.integers(*bounds(sort))) for sort in system.slot_sorts)
    number, condition = data.draw(strategies.numbers(3)), data.draw(strategies.booleans(3))
    value = evaluate(number, state, system.slot)
    assert answer(refuted(system, state, number, value, False)) == "unsat"
    holds = evaluate(condition, state, system.slot)
    assert answer(refuted(system, state, condition, holds, True)) == "unsat"


def test_division_rounds_toward_zero() -> None:
    """With any signs, with a divisor that is known or not, and with 0."""
    x, y = Var("x", NUMBER), Var("y", NUMBER)
    system = toys.system("two", [toys.variable("x", NUMBER), toys.variable("y", NUMBER)], [toys.process("t", 1)], [])
    for left in CORNERS:
        for right in CORNERS:
            state = (0, left, right)
            for op in (Op.DIV, Op.MOD):
                for divisor in (y, Lit(right, NUMBER)):
                    expr = Apply(op, (x, divisor))
                    value = evaluate(expr, state, system.slot)
                    assert answer(refuted(system, state, expr, value, False)) == "unsat"


def test_corners_of_reading() -> None:
    """Outside of an array stands 0, and a number is true unless it is 0."""
    array, x = Var("a", ArraySort(NUMBER, 2)), Var("x", NUMBER)
    system = toys.system(
        "reads", [toys.variable("a", array.sort), toys.variable("x", NUMBER)], [toys.process("t", 1)], []
    )
    for position in (-1, 0, 1, 2):
        for where in (x, Lit(position, NUMBER)):
            state = (0, 7, 8, position)
            value = evaluate(Index(array, where), state, system.slot)
            assert value == (7, 8, 0, 0)[position]
            assert answer(refuted(system, state, Index(array, where), value, False)) == "unsat"
    for value in (-1, 0, 1, 2):
        both = Apply(Op.AND, (x, Lit(1, BOOL)))
        assert answer(refuted(system, (0, 0, 0, value), both, int(value != 0), True)) == "unsat"


def test_long_terms_are_named() -> None:
    """A term that doubles with each step is written in a length that grows with the steps alone."""
    x = Var("x", NUMBER)
    system = toys.system("one", [toys.variable("x", NUMBER)], [toys.process("t", 1)], [])
    expr: Expr = x
    for _ in range(60):
        expr = Apply(Op.ADD, (expr, expr))
    writer = Writer(system.variables, frame(system))
    assert len(writer.number(expr)) <= MAX_INLINE
    assert len(writer.definitions) < 60
    assert max(map(len, writer.definitions)) < 2 * MAX_INLINE + 60


def test_names_are_quoted() -> None:
    """Any name of the system is one symbol."""
    odd = toys.variable("a b's[$t?1]", NUMBER)
    assert smtlib.slot_names(odd, "'") == ("|a b's[$t?1]'|",)
    assert smtlib.slot_names(toys.variable("f", ArraySort(NUMBER, 2))) == ("|f[0]|", "|f[1]|")
    assert smtlib.plain("a\n  \u00e9") == "a \\xe9"
    assert smtlib.as_string('say "x"') == '"say ""x"""'


def test_quantifiers_are_noted() -> None:
    """A closed quantified condition is called by a name; its instance is its body with the range before it."""
    system = walk()
    marked = next(v.var for v in system.variables if v.name == "marked")
    place = Var("?p", NUMBER)
    whole = forall(place, Lit(0, NUMBER), Lit(9, NUMBER), not_(Index(marked, place)))
    writer = Writer(system.variables, frame(system))
    assert writer.truth(whole) == "|=1|"
    assert writer.truth(whole) == "|=1|"
    (noted,) = writer.quantified
    assert writer.definitions == [
        "(define-fun |=1| () Bool (forall ((|?p| Int)) (=> (and (<= 0 |?p|) (<= |?p| 9)) "
        "(not (ite (and (<= 0 |?p|) (< |?p| |N|)) (select |marked| |?p|) false)))))"
    ]
    assert writer.instance(noted, "3") == (
        "(=> (and (<= 0 3) (<= 3 9)) (not (ite (and (<= 0 3) (< 3 |N|)) (select |marked| 3) false)))"
    )
    assert list(writer.positions) == ["3"]


def test_several_writes_in_one_step() -> None:
    """Each write counts, by numbers known or computed, inside of the array only; of two to one place the later one."""
    array, place = Var("a", ArraySort(NUMBER, 2)), Var("x", NUMBER)

    def element(position: int) -> Expr:
        return Index(array, Lit(position, NUMBER))

    def value(number: int) -> Expr:
        return Lit(number, NUMBER)

    writes: list[tuple[Place, Expr]] = [
        (Index(array, value(1)), value(5)),
        (Index(array, place), value(6)),
        (Index(array, value(9)), value(7)),
        (place, value(3)),
        (place, value(4)),
    ]
    steps = [toys.step(0, 0, 1, writes=writes)]
    system = toys.system(
        "writes", [toys.variable("a", array.sort), toys.variable("x", NUMBER)], [toys.process("t", 2)], steps
    )
    there = system.at(0, 1)
    done = [eq(element(0), value(6)), eq(element(1), value(5)), eq(place, value(4))]
    start = implies(system.at(0, 0), eq(place, value(0)))
    assert answers(Question(system, FALSE), Proof((start, *(implies(there, one) for one in done)))) == {"unsat"}
    for wrong in (eq(element(0), value(0)), eq(element(1), value(6)), eq(place, value(3))):
        assert answers(Question(system, FALSE), Proof((start, implies(there, wrong)))) == {"sat", "unsat"}
        assert answers(Question(system, and_(there, wrong)), Proof((start,), 2)) == {"unsat"}


def answers(question: Question, proof: Proof) -> set[str]:
    """What Z3 says to the obligations of a proof."""
    return {answer(o.text.replace("(check-sat)\n", "")) for o in obligations(question, proof)}


def by_machine(question: Question, proof: Proof) -> Iterator[str]:
    """The answers to the obligations of a proof, in their order, from the terms that the engines use."""
    machine = Machine(question.system)
    now, then = machine.current, machine.after

    def ask(*claims: z3.BoolRef) -> str:
        solver = z3.Solver()
        solver.set("rlimit", 2_000_000)
        solver.add(*claims)
        return str(solver.check())

    held = [now.truth(conjunct) for conjunct in proof.conjuncts]
    for conjunct in held:
        yield ask(machine.given(), machine.initial(now), z3.Not(conjunct))
    kept = z3.And([then.truth(conjunct) for conjunct in proof.conjuncts])
    for transition in question.system.transitions:
        yield ask(machine.given(), *held, machine.taken(transition), z3.Not(kept))
    yield ask(machine.given(), *held, now.truth(question.bad))


@given(
    system=strategies.systems(),
    conjuncts=st.lists(strategies.booleans(2), min_size=1, max_size=3),
    bad=strategies.booleans(2),
)
@settings(max_examples=15)
def test_obligations_are_those_of_the_engines(system: TransitionSystem, conjuncts: list[Expr], bad: Expr) -> None:
    """Two ways to write down steps agree for each obligation of any proof, true or false."""
    question, proof = Question(system, bad), Proof(tuple(conjuncts))
    found = [answer(obligation.text.replace("(check-sat)\n", "")) for obligation in obligations(question, proof)]
    for mine, theirs in zip(found, by_machine(question, proof), strict=True):
        assert mine == theirs or "unknown" in (mine, theirs)


def by_unrolling(question: Question, proof: Proof) -> Iterator[str]:
    """The same for a proof by k-induction."""
    machine, chosen = Machine(question.system), z3.Int("chosen")
    now = [machine.current[cell] for cell in machine.cells]
    then = [machine.after[cell] for cell in machine.cells]
    states = [[z3.Const(f"{term}@{i}", term.sort()) for term in now] for i in range(proof.k + 1)]

    def at(claim: z3.BoolRef, i: int) -> z3.BoolRef:
        return z3.substitute(claim, *zip(now, states[i], strict=True))

    def move(i: int) -> z3.BoolRef:
        pairs = [*zip(now, states[i], strict=True), *zip(then, states[i + 1], strict=True)]
        return z3.substitute(machine.step(chosen), *pairs, (chosen, z3.Int(f"chosen@{i}")))

    def ask(*claims: z3.BoolRef) -> str:
        solver = z3.Solver()
        solver.set("rlimit", 2_000_000)
        solver.add(*claims)
        return str(solver.check())

    parts = [machine.current.truth(conjunct) for conjunct in proof.conjuncts]
    good = z3.And([*parts, z3.Not(machine.current.truth(question.bad))])
    start = at(machine.initial(machine.current), 0)
    for i in range(proof.k):
        yield ask(start, *(move(j) for j in range(i)), z3.Not(at(good, i)))
    pairs = [(a, b) for number, a in enumerate(states) for b in states[number + 1 :]]
    distinct = [z3.Or([x != y for x, y in zip(a, b, strict=True)]) for a, b in pairs] if proof.simple_path else []
    held = [at(good, i) for i in range(proof.k)]
    yield ask(*map(move, range(proof.k)), *distinct, *held, z3.Not(at(good, proof.k)))


@given(
    system=strategies.systems(),
    conjuncts=st.lists(strategies.booleans(1), max_size=2),
    bad=strategies.booleans(1),
    k=st.integers(2, 3),
    simple_path=st.booleans(),
)
@settings(max_examples=15)
def test_longer_inductions_agree(
    system: TransitionSystem, conjuncts: list[Expr], bad: Expr, k: int, simple_path: bool
) -> None:
    """So do they for k-induction, on all paths or on those that repeat no state."""
    question, proof = Question(system, bad), Proof(tuple(conjuncts), k, simple_path)
    found = [answer(obligation.text.replace("(check-sat)\n", "")) for obligation in obligations(question, proof)]
    for mine, theirs in zip(found, by_unrolling(question, proof), strict=True):
        assert mine == theirs or "unknown" in (mine, theirs)


def test_quantifiers_meet_the_indices_that_occur() -> None:
    """What must be shown gets a witness; what is known is said of it and of the indices of the step alone."""
    (step,) = (o for o in obligations(*walk_proof()) if o.name == "consecution of walker: L0 (step 0)")
    declared = [line for line in step.body.splitlines() if line.startswith("(declare-const")]
    assert declared == ["(declare-const |?1| Int)"]
    facts = [line for line in step.body.splitlines() if line.startswith("(assert (=> ")]
    assert facts == [
        "(assert (=> (=> (and (<= 0 |?1|) (<= |?1| (- |here'| 1))) "
        "(ite (and (<= 0 |?1|) (< |?1| |N|)) (select |marked'| |?1|) false)) |=then1|))",
        "(assert (=> |=1| (=> (and (<= 0 |here|) (<= |here| (- |here| 1))) "
        "(ite (and (<= 0 |here|) (< |here| |N|)) (select |marked| |here|) false))))",
        "(assert (=> |=1| (=> (and (<= 0 |?1|) (<= |?1| (- |here| 1))) "
        "(ite (and (<= 0 |?1|) (< |?1| |N|)) (select |marked| |?1|) false))))",
    ]
