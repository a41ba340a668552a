"""Witnesses of properties about runs: what is real passes, everything else is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.formula import Atom, Next, always, eventually, leads_to
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Fairness, FairnessKind, Liveness, Response, Temporal
from oomcheck.result.exploration import REST, Witness
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.runs import Keeping, Kept, Run, kept, may_rest, run_of
from oomcheck.transform.clock import clocked
from tests import toys

BLINKER = toys.blinker()
VISITOR = toys.visitor()
CLOCKED = clocked(replace(BLINKER, processes=tuple(replace(p, slack=0) for p in BLINKER.processes)), idle=True)
SLEEPER = clocked(toys.sleeper(3), idle=True)
LATE = clocked(
    replace(toys.sleeper(3), processes=tuple(replace(p, slack=None) for p in toys.sleeper(3).processes)), idle=True
)
FLAG, RUNG, OPENED = Var("flag", BOOL), Var("rung", BOOL), Var("opened", BOOL)
ASKED, ANSWERED = Var("asked", BOOL), Var("answered", BOOL)
FLASHING = (0, 1)  # the loop of BLINKER's thread a
WHOLE = (0, 2, 2, 2, 1)  # all of SLEEPER: ask, three ticks, answer


def live(*fairness: Fairness, of: Expr = FLAG) -> Property:
    """`true ~> of` under some fairness."""
    return Property("p", Kind.LEADS_TO, temporal=Liveness(leads_to(Atom(TRUE), Atom(of)), fairness))


def prop(temporal: Temporal, kind: Kind = Kind.BOUND) -> Property:
    """A property about runs."""
    return Property("p", kind, temporal=temporal)


def fair(kind: FairnessKind, *steps: int) -> Fairness:
    """An assumption about some steps."""
    return Fairness("x", kind, frozenset(steps))


WEAK, STRONG, PROGRESS = FairnessKind.WEAK, FairnessKind.STRONG, FairnessKind.PROGRESS
ZENO = Property("zeno", Kind.SANITIZER)
NOT_AWAITED = "the response is not awaited all through the loop"
URGENT = "step 1: transition 2 of time is not enabled"
UNFAIR = "the loop does not keep {} fairness of x"


@pytest.mark.parametrize(
    ("toy", "claim", "witness", "problem"),
    [
        (BLINKER, live(), Witness((), loop=FLASHING), ""),
        (BLINKER, live(), Witness((0,), loop=(1, 0)), ""),
        (BLINKER, live(), Witness(()), "a finite path decides nothing about whole runs"),
        (BLINKER, live(), Witness((), loop=(0,)), "the loop does not lead back to where it starts"),
        (BLINKER, live(), Witness((), loop=(REST,)), "the run does not end where it may rest"),
        (BLINKER, live(), Witness((), loop=(0, REST)), "step 2: the model has no transition -1"),
        (BLINKER, live(), Witness((), loop=(1, 0)), "step 1: a stands at L0, but transition 1 starts at L1"),
        (BLINKER, live(), Witness((2,), loop=FLASHING), "the formula holds on the lasso"),
        (BLINKER, live(fair(WEAK, 2)), Witness((), loop=FLASHING), ""),
        (BLINKER, live(fair(STRONG, 2)), Witness((), loop=FLASHING), UNFAIR.format("strong")),
        (BLINKER, live(fair(PROGRESS, 2)), Witness((), loop=FLASHING), UNFAIR.format("progress")),
        (BLINKER, live(fair(PROGRESS, 0), fair(WEAK, 1)), Witness((), loop=FLASHING), ""),
        (BLINKER, live(fair(STRONG, 2), of=FALSE), Witness((2,), loop=FLASHING), ""),
        (BLINKER, Property("p", Kind.INVARIANT), Witness((), loop=FLASHING), "p is decided by a state, not by a loop"),
        (VISITOR, live(of=OPENED), Witness((), loop=(REST,)), ""),
        (VISITOR, live(of=OPENED), Witness((0,), loop=(REST,)), "the run does not end where it may rest"),
        (VISITOR, live(of=OPENED), Witness((0, 1), loop=(REST,)), "the formula holds on the lasso"),
        (VISITOR, live(fair(WEAK, 0), of=RUNG), Witness((), loop=(REST,)), UNFAIR.format("weak")),
        (VISITOR, prop(Liveness(always(Next(Atom(not_(RUNG)))))), Witness((0, 1), loop=(REST,)), ""),
    ],
)
def test_lassos(toy: TransitionSystem, claim: Property, witness: Witness, problem: str) -> None:
    """A lasso must be one, end where it may, make the formula false and keep every fairness."""
    assert check_witness(toy, claim, witness) == problem


def test_a_thread_may_not_rest() -> None:
    """The same system rests at first if the first step is that of an environment, and does not if it is a thread's."""
    witness = Witness((), loop=(REST,))
    assert check_witness(VISITOR, live(of=OPENED), witness) == ""
    thread = toys.visitor(ProcessKind.THREAD)
    assert check_witness(thread, live(of=OPENED), witness) == "the run does not end where it may rest"


def test_rest() -> None:
    """Where a halting fault applies nothing rests; behind the end of all threads everything does."""
    unsafe = toys.use_after_free()
    alive, dead = (0, 0, 1), (1, 1, 0)
    assert not may_rest(unsafe, alive)
    assert not may_rest(unsafe, dead)
    assert may_rest(unsafe, (1, 2, 1))
    harmless = replace(unsafe, faults=tuple(replace(fault, halts=False) for fault in unsafe.faults))
    assert may_rest(harmless, dead)


@pytest.mark.parametrize(
    ("fairness", "expected"),
    [
        (fair(PROGRESS, 0), Kept(Keeping.TAKEN, 3)),
        (fair(WEAK, 0, 1), Kept(Keeping.TAKEN, 2)),
        (fair(WEAK, 2), Kept(Keeping.BLOCKED, 1)),
        (fair(STRONG, 2), None),
        (fair(PROGRESS, 2), None),
        (fair(STRONG), Kept(Keeping.NEVER, 1)),
    ],
)
def test_kept(fairness: Fairness, expected: Kept | None) -> None:
    """How a loop keeps fairness, and where: by a step, or in a state where none can be taken."""
    run = run_of(BLINKER, Witness((0,), loop=(1, 0)))
    assert isinstance(run, Run)
    assert kept(BLINKER, fairness, run) == expected


def response(limit: int | None = None, trigger: Expr = ASKED, answer: Expr = ANSWERED) -> Property:
    """A bounded response of SLEEPER."""
    return prop(Response(trigger, answer, limit), Kind.BOUND if limit is None else Kind.WITHIN)


@pytest.mark.parametrize(
    ("toy", "claim", "witness", "claimed", "problem"),
    [
        (SLEEPER, response(), Witness(WHOLE), 3, ""),
        (SLEEPER, response(), Witness(WHOLE), 4, "the response takes 3 ticks, not 4"),
        (SLEEPER, response(), Witness(WHOLE[:-1]), 3, ""),
        (SLEEPER, response(), Witness(WHOLE[:2]), 1, ""),
        (SLEEPER, response(), Witness(WHOLE), None, "a path without a claim shows nothing"),
        (SLEEPER, response(2), Witness(WHOLE), None, ""),
        (SLEEPER, response(2), Witness(WHOLE[:4]), None, ""),
        (SLEEPER, response(2), Witness(WHOLE[:3]), None, "the limit is 2, the path reaches only 2"),
        (SLEEPER, response(3), Witness(WHOLE), None, "the limit is 3, the path reaches only 3"),
        (SLEEPER, response(3), Witness(WHOLE), 3, ""),
        (SLEEPER, response(trigger=FALSE), Witness(WHOLE), 0, "the trigger never comes"),
        (SLEEPER, response(trigger=FALSE), Witness(WHOLE), None, "a path without a claim shows nothing"),
        (SLEEPER, response(answer=ASKED), Witness(WHOLE), 0, ""),
        (SLEEPER, response(trigger=TRUE, answer=ASKED), Witness((2, *WHOLE)), 1, URGENT),
        (LATE, response(trigger=TRUE, answer=ASKED), Witness((2, 2, *WHOLE)), 2, ""),
        (LATE, response(trigger=TRUE, answer=ASKED), Witness((2, 2, *WHOLE)), 3, "the response takes 2 ticks, not 3"),
        (SLEEPER, response(answer=FALSE), Witness(WHOLE, loop=(2,)), None, ""),
        (SLEEPER, response(2, answer=FALSE), Witness(WHOLE, loop=(2,)), None, ""),
        (SLEEPER, response(), Witness(WHOLE, loop=(2,)), None, NOT_AWAITED),
        (SLEEPER, response(trigger=FALSE), Witness(WHOLE, loop=(2,)), None, NOT_AWAITED),
        (BLINKER, response(trigger=TRUE, answer=FLAG), Witness((), loop=FLASHING), None, "no time passes in the loop"),
        (VISITOR, response(trigger=TRUE, answer=RUNG), Witness((), loop=(REST,)), None, ""),
    ],
)
def test_times(toy: TransitionSystem, claim: Property, witness: Witness, claimed: int | None, problem: str) -> None:
    """Times are those between the first trigger and the first response, and equal what is claimed."""
    assert check_witness(toy, claim, witness, claimed) == problem


def test_a_response_inside_the_loop_counts() -> None:
    """A wait that begins late in the loop ends in its next round."""
    claim = prop(Response(CLOCKED.at(0, 1), CLOCKED.at(0, 0)))
    witness = Witness((), loop=FLASHING)
    assert check_witness(CLOCKED, claim, witness) == NOT_AWAITED
    again = Witness((0,), loop=(1, 0))
    assert check_witness(CLOCKED, claim, again) == NOT_AWAITED


@pytest.mark.parametrize(
    ("claim", "witness", "claimed", "problem"),
    [
        (CostBound("turns"), Witness(FLASHING * 2), 2, ""),
        (CostBound("turns"), Witness(FLASHING), 2, "turns amounts to 1, not 2"),
        (CostBound("turns", 1), Witness(FLASHING * 2), None, ""),
        (CostBound("turns", 1), Witness(FLASHING), None, "the limit is 1, the path reaches only 1"),
        (CostBound("turns"), Witness(()), 0, ""),
        (CostBound("turns"), Witness((), loop=FLASHING), None, ""),
        (CostBound("other"), Witness((), loop=FLASHING), None, "the loop adds nothing to other"),
    ],
)
def test_costs(claim: CostBound, witness: Witness, claimed: int | None, problem: str) -> None:
    """Costs are summed up along the steps; one that a loop raises has no bound."""
    assert check_witness(BLINKER, prop(claim), witness, claimed) == problem


def test_time_goes_on() -> None:
    """Where time is modelled, a lasso in which it stands still is no counterexample, but a Zeno run."""
    flashing = Witness((), loop=FLASHING)
    assert check_witness(CLOCKED, live(), flashing) == "the loop does not keep progress fairness of time"
    assert check_witness(CLOCKED, ZENO, flashing) == ""
    never_again = prop(Liveness(eventually(always(Atom(not_(ANSWERED))))), Kind.LTL)
    assert check_witness(SLEEPER, never_again, Witness(WHOLE, loop=(2,))) == ""


def test_zeno() -> None:
    """Only steps of threads, each of which gets its turn, make a Zeno run."""
    idle = Witness(WHOLE, loop=(2,))
    assert check_witness(SLEEPER, ZENO, idle) == "time passes in the loop"
    assert check_witness(VISITOR, ZENO, Witness((), loop=(REST,))) == "nothing moves for ever without time"
    env = replace(CLOCKED, processes=(replace(CLOCKED.processes[0], kind=ProcessKind.ENV), *CLOCKED.processes[1:]))
    flashing = Witness((), loop=FLASHING)
    assert check_witness(env, ZENO, flashing) == "the environment moves in the loop, and need not"
    waiting = toys.step(1, 0, 1, writes=[(FLAG, TRUE)])
    ready = replace(
        CLOCKED, transitions=(*CLOCKED.transitions[:2], replace(waiting, index=2), *CLOCKED.transitions[3:])
    )
    assert check_witness(ready, ZENO, flashing) == "the loop does not keep weak fairness of b"
