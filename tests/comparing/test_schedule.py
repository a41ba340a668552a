"""One schedule on two models: who follows how far, and why not further."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.comparing.compare import Schedule, run_on_both
from oomcheck.comparing.course import Difference, Divergence, Follower, Later, Reason
from oomcheck.comparing.sides import read_specs
from oomcheck.report.comparison import divergence_text
from oomcheck.result.verdict import trace_of
from tests.comparing.samples import compared

HEAD = "model toy;\nmutex m;\nmarked int 0..3 x;\nmarked int 0..3 y;\n"
SPEC = "never bad : y == 1;\ncheck it : bad;\n"
SETS = "thread one { x = 1; }\n"
ASKS = "thread two { if (x == 1) y = 1; }\n"


def schedule(folder: Path, a: str, b: str) -> Schedule:
    """The counterexample of A for y == 1, taken on B."""
    found = compared(folder, HEAD + a, HEAD + b, SPEC, ("bad",))
    trace = trace_of(found.reports[0].results[0].verdict)
    assert trace is not None
    return run_on_both(trace, found.a, found.b, read_specs([folder / "a.oomspec"], (found.a, found.b)), None)


def divergence(folder: Path, a: str, b: str) -> Divergence:
    """Where B cannot follow."""
    found = schedule(folder, a, b).course.divergence
    assert found is not None
    return found


def test_same_model_follows_to_the_end(tmp_path: Path) -> None:
    """A statement that only one side has is passed over, and values that differ do not stop the other."""
    found = schedule(tmp_path, SETS + ASKS, "thread one { y = 2; x = 1; }\n" + ASKS)
    assert found.course.divergence is None
    assert found.course.followed == (
        Follower(1, "one", "x = 1", "x = 1", ("y = 2",)),
        Follower(2, "two", "x is 1", "x is 1"),
        Follower(3, "two", "y = 1", "y = 1"),
    )
    assert found.course.apart == ()
    assert found.decides is True


def test_statements_of_one_side_are_passed_over(tmp_path: Path) -> None:
    """What only the schedule's own side has is no step of the other."""
    found = schedule(tmp_path, "thread one { x = 1; y = 1; }\n", "thread one { x = 1; }\n")
    assert found.course.followed[1] == Follower(2, "one", "y = 1", "")
    assert found.course.apart == (Difference("y", "1", "0", 2),)
    assert found.decides is False


def test_replaced_statements(tmp_path: Path) -> None:
    """What the other side has in place of a statement is done when the schedule comes to that statement."""
    a = "thread one { mutex_lock(m); x = 1; mutex_unlock(m); y = 1; }\n"
    b = "thread one { mutex_lock(m); x = 3; x = 2; mutex_unlock(m); y = 1; }\n"
    found = schedule(tmp_path, a, b).course
    assert found.divergence is None
    assert found.followed[1] == Follower(2, "one", "x = 1", "", ("x = 3", "x = 2"))
    assert found.apart == (Difference("x", "1", "2", 2),)


def test_another_outcome(tmp_path: Path) -> None:
    """The same statement reads another value."""
    found = divergence(tmp_path, SETS + ASKS, "thread one { x = 1; }\nthread two { x = 0; if (x == 1) y = 1; }\n")
    assert (found.reason, found.number, found.process) == (Reason.OUTCOME, 2, "two")
    assert (found.own, found.possible) == ("x is 1", ("x is 0",))
    assert found.extra == ("x = 0",)
    assert found.apart == (Difference("x", "1", "0", 2),)


def test_another_effect(tmp_path: Path) -> None:
    """The same statement changes a variable of both to another value."""
    a = "thread one { int k = 1; x = k; if (x == 1) y = 1; }\n"
    b = "thread one { int k = 2; x = k; if (x == 1) y = 1; }\n"
    found = divergence(tmp_path, a, b)
    assert (found.reason, found.number, found.own) == (Reason.EFFECT, 1, "x = k")
    assert found.effects == (Difference("x", "1", "2", 1),)


def test_blocked_by_a_lock(tmp_path: Path) -> None:
    """A fix that takes a lock keeps the thread from moving; the holder is told."""
    b = (
        "thread one { mutex_lock(m); x = 1; mutex_unlock(m); }\n"
        "thread two { mutex_lock(m); if (x == 1) y = 1; mutex_unlock(m); }\n"
    )
    found = divergence(tmp_path, SETS + ASKS, b)
    assert (found.reason, found.number) == (Reason.BLOCKED, 2)
    assert found.why == ("waits for m, held by one",)
    assert [(fact.view, fact.process, fact.text) for fact in found.other_facts] == [
        ("held", "one", "m"),
        ("waits", "two", "m"),
    ]
    assert found.later == (Later(2, "two", "x is 1", ""), Later(3, "two", "y = 1", ""))


def test_blocked_by_a_condition(tmp_path: Path) -> None:
    """Where no lock explains it, the statement is told that the thread stands before."""
    b = SETS + "thread two { await y == 2; if (x == 1) y = 1; }\n"
    found = divergence(tmp_path, SETS + ASKS, b)
    assert (found.reason, found.why) == (Reason.BLOCKED, ("stands before await y == 2",))


def test_blocked_with_another_way(tmp_path: Path) -> None:
    """The thread stands before the statement and cannot take it, but the one beside it."""
    two = SETS + "thread two { either { await ready; y = 1; } or { y = 2; } }\n"
    found = divergence(tmp_path, "define ready = x == 1;\n" + two, "define ready = x == 3;\n" + two)
    assert (found.reason, found.own, found.possible) == (Reason.BLOCKED, "await ready", ("y = 2",))
    assert divergence_text(found, "B") == "in B it cannot take this step, and can take: y = 2"


def test_ended(tmp_path: Path) -> None:
    """The thread of the other side is done, after a test that only it has."""
    found = divergence(tmp_path, SETS + ASKS, SETS + "thread two { if (y == 3) { if (x == 1) y = 1; } }\n")
    assert (found.reason, found.number, found.extra) == (Reason.ENDED, 2, ("y is 0",))


def test_elsewhere(tmp_path: Path) -> None:
    """Both sides have the statement, but the other one does something first that both have, too."""
    a = "thread one { x = 1; y = 1; }\n"
    b = "thread one { y = 1; x = 1; }\n"
    found = divergence(tmp_path, a, b)
    assert (found.reason, found.number) == (Reason.ELSEWHERE, 1)
    assert (found.own, found.possible) == ("x = 1", ("y = 1",))
    assert found.later == (Later(1, "one", "x = 1", "y = 1"), Later(2, "one", "y = 1", "x = 1"))


def test_fault(tmp_path: Path) -> None:
    """The thread of the other side runs into a misuse."""
    b = "thread one { mutex_lock(m); mutex_lock(m); x = 1; }\n" + ASKS
    found = divergence(tmp_path, SETS + ASKS, b)
    assert (found.reason, found.number) == (Reason.FAULT, 1)
    assert len(found.why) == 1
    assert found.why[0].startswith("lockdep: ")


def test_missing_thread(tmp_path: Path) -> None:
    """The other side has no such thread."""
    found = divergence(tmp_path, SETS + ASKS, "thread one { x = 1; }\n")
    assert (found.reason, found.number, found.process) == (Reason.MISSING, 2, "two")
    assert (found.possible, found.why) == ((), ())


@pytest.mark.parametrize(("b", "decides"), [(SETS + ASKS, True), (SETS + "thread two { if (x == 1) y = 2; }\n", False)])
def test_the_end_on_the_other_side(tmp_path: Path, b: str, decides: bool) -> None:
    """At the end the property is asked on the other side, too."""
    a = SETS + "thread two { if (x == 1) y = 1; }\n"
    assert schedule(tmp_path, a, b + "thread extra { y = 3; }\n").decides is decides
