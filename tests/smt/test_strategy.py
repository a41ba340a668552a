"""Which engine settles what, and what else is said with the answer."""

from __future__ import annotations

import pytest

from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import sanitizer
from oomcheck.smt.goals import Aim, goals
from oomcheck.smt.outcome import Budget, Open, Proof, Refutation, UpTo
from oomcheck.smt.strategy import settle
from oomcheck.smt.targets import Answer, Lemma, Method, Target, Task
from tests import toys
from tests.toys import number

COUNT = Var("n", IntSort(0, 3))
TOY = toys.counter(3)
HIGH = binary(Op.LT, number(3), COUNT)


def answers(method: Method, *targets: Target, depth: int | None = None) -> list[Answer]:
    """What is sent, in its order."""
    sent: list[Answer] = []

    def send(message: object) -> None:
        assert isinstance(message, Answer)
        sent.append(message)

    settle(Task(targets, method, Budget(depth=depth)), send)
    return sent


def target(bad: Expr, halts: Expr = FALSE, **more: object) -> Target:
    """A question about the counter."""
    return Target("asked", TOY, bad, halts, **more)  # type: ignore[arg-type]  # by name


def lockdep(system: TransitionSystem) -> Target:
    """The question whether locks are misused, or taken in a circle."""
    found = goals(system, [sanitizer("lockdep")])
    edges = tuple((goal.edge, goal.bad) for goal in found.of("lockdep", Aim.EDGE) if goal.edge is not None)
    return Target("lockdep", system, FALSE, FALSE, edges=edges)


@pytest.mark.parametrize("method", [Method.KIND, Method.PDR, Method.AUTO])
def test_what_holds_is_proved(method: Method) -> None:
    """Each engine for proofs finds an invariant, and says what it answers."""
    (answer,) = answers(method, target(HIGH))
    assert isinstance(answer.outcome, Proof)
    assert answer.question is not None
    assert (answer.question.system, answer.question.bad) == (TOY, HIGH)


@pytest.mark.parametrize("method", list(Method))
def test_what_does_not_is_refuted(method: Method) -> None:
    """Each engine finds the only path."""
    (answer,) = answers(method, target(eq(COUNT, number(2))))
    assert isinstance(answer.outcome, Refutation)
    assert (answer.outcome.steps, answer.halting) == ((0, 0), False)


def test_bounded_search_proves_nothing() -> None:
    """Within a bound there is no violation, and that is all."""
    (answer,) = answers(Method.BMC, target(HIGH), depth=2)
    assert isinstance(answer.outcome, UpTo)
    assert answer.outcome.depth == 2


def test_answers_keep_the_order() -> None:
    """One answer for each target, in their order."""
    targets = [Target(f"p{n}", TOY, eq(COUNT, number(n)), FALSE) for n in (3, 1, 2)]
    sent = answers(Method.AUTO, *targets)
    assert [(a.name, len(a.outcome.steps)) for a in sent if isinstance(a.outcome, Refutation)] == [
        ("p3", 3),
        ("p1", 1),
        ("p2", 2),
    ]


def test_an_end_of_behaviour_is_no_violation() -> None:
    """Where behaviour ends, nothing is proved; a violation before that is one nevertheless."""
    (answer,) = answers(Method.AUTO, target(HIGH, eq(COUNT, number(3))))
    assert isinstance(answer.outcome, Refutation)
    assert answer.halting
    (answer,) = answers(Method.AUTO, target(eq(COUNT, number(1)), eq(COUNT, number(3))))
    assert isinstance(answer.outcome, Refutation)
    assert (answer.outcome.steps, answer.halting) == ((0,), False)


def test_antecedents_are_looked_for() -> None:
    """One that is reached is not told, one that never holds is."""
    (answer,) = answers(Method.AUTO, target(HIGH, antecedents=(eq(COUNT, number(2)), HIGH, FALSE)))
    assert isinstance(answer.outcome, Proof)
    assert (sorted(answer.never), answer.unsettled) == ([1, 2], ())


def test_lemmas_are_tried_alone_and_named() -> None:
    """A proof from lemmas has no other conjuncts than these and the property; one that is wrong is not used."""
    right = Lemma("right", binary(Op.LE, COUNT, number(3)))
    wrong = Lemma("wrong", binary(Op.LE, COUNT, number(1)))
    (answer,) = answers(Method.KIND, target(eq(COUNT, number(7)), lemmas=(right,)))
    assert isinstance(answer.outcome, Proof)
    assert len(answer.outcome.conjuncts) <= 2
    (answer,) = answers(Method.KIND, target(HIGH, lemmas=(wrong, right)))
    assert isinstance(answer.outcome, Proof)
    assert wrong.formula not in answer.outcome.conjuncts
    assert "wrong" not in answer.lemmas


@pytest.mark.parametrize("method", [Method.BMC, Method.AUTO])
def test_locks_in_a_circle(method: Method) -> None:
    """Philosophers who all begin with the fork on one side close a circle, with a path to each of its edges."""
    (answer,) = answers(method, lockdep(toys.philosophers(2)), depth=12)
    assert isinstance(answer.outcome, Refutation)
    assert len(answer.paths) == 2


def test_locks_in_an_order() -> None:
    """With an order among the forks nothing is left to show, or it is proved."""
    ordered = lockdep(toys.philosophers(2, ordered=True))
    (answer,) = answers(Method.AUTO, ordered)
    assert isinstance(answer.outcome, Proof)
    assert answer.paths == ()


def test_a_limit_leaves_the_question_open() -> None:
    """With no steps for the solver there is no answer, and a reason."""
    sent: list[object] = []
    peterson = toys.peterson()
    bad = toys.both_critical(peterson)
    settle(Task((Target("both", peterson, bad, FALSE),), Method.PDR, Budget(rlimit=1)), sent.append)
    (answer,) = sent
    assert isinstance(answer, Answer)
    assert isinstance(answer.outcome, Open)
    assert answer.outcome.reason


def test_everything_is_bad() -> None:
    """The initial state refutes at once."""
    (answer,) = answers(Method.AUTO, target(TRUE))
    assert isinstance(answer.outcome, Refutation)
    assert answer.outcome.steps == ()
