"""Why an end decides: parts of the formula, circles of locks, where time and cost go."""

from __future__ import annotations

from pathlib import Path

from oomcheck.explaining.endings import circle, costly_steps, failed_parts, longest_waits
from oomcheck.explaining.explain import question_of
from oomcheck.explaining.explanation import Failed
from oomcheck.explaining.story import Story, story_of
from oomcheck.prop.property import sanitizer
from oomcheck.replaying import reopen
from tests import toys
from tests.explaining.samples import story, trace_in

CHAIN = """model m;
marked int 0..9 x = 0;
marked bool up = false;
thread t { up = true; x = 1; x = 2; up = true; }
"""

LOCKS = """model m;
mutex a;
mutex b;
thread one { mutex_lock(a); mutex_lock(b); mutex_unlock(b); mutex_unlock(a); }
thread two { mutex_lock(b); mutex_lock(a); mutex_unlock(a); mutex_unlock(b); }
"""

SLOW = """model m;
marked bool a = false;
marked bool b = false;
mutex l;
thread t { a = true; delay(2); a = true; delay(5); mutex_lock(l) cost waits; b = true; mutex_unlock(l); }
thread u { mutex_lock(l); mutex_unlock(l); }
"""


def story_in(folder: Path, model: str, spec: str, select: str) -> Story:
    """The run of the property that is selected."""
    trace = trace_in(folder, model, spec, select)
    again = reopen(trace, folder / "m.oom")
    found = story_of(question_of(trace, again), again.witness)
    assert found is not None
    return found


def test_invariant(tmp_path: Path) -> None:
    """The conjunct that is false, since the last time it became so; the other one is left out."""
    run = story_in(tmp_path, CHAIN, "invariant good : x < 2 and (up or x == 0);", "good")
    assert failed_parts(run) == (Failed("x < 2", 3, 3, wanted=True),)


def test_never(tmp_path: Path) -> None:
    """Of what must never be all conjuncts are true, each since its own step."""
    run = story_in(tmp_path, CHAIN, "never bad : up and x == 2;", "bad")
    assert failed_parts(run) == (Failed("up", 1, 1, wanted=False), Failed("x == 2", 3, 3, wanted=False))


def test_from_the_start(tmp_path: Path) -> None:
    """A part that is so in the initial state was made so by no step."""
    run = story_in(tmp_path, CHAIN, "never bad : !up;", "bad")
    assert failed_parts(run) == (Failed("!up", 0, 0, wanted=False),)


def test_cover(tmp_path: Path) -> None:
    """A cover has no false part; the parts tell when it was reached."""
    run = story_in(tmp_path, CHAIN, "cover seen : x == 1 and up;", "seen")
    assert failed_parts(run) == (Failed("x == 1", 2, 2, wanted=True), Failed("up", 1, 1, wanted=True))


def test_no_formula() -> None:
    """A sanitizer has no parts."""
    assert failed_parts(story(toys.use_after_free(), sanitizer("lifetime"))) == ()


def test_circle(tmp_path: Path) -> None:
    """Two threads that wait for each other's lock, each named once."""
    run = story_in(tmp_path, LOCKS, "", "deadlock")
    assert circle(run.system, run.run.states[-1]) == [("one", "b", "two"), ("two", "a", "one")]
    assert circle(run.system, run.run.states[0]) == []


def test_longest_waits(tmp_path: Path) -> None:
    """Stretches of time, the longest first."""
    spec = "bound slow : sup time(a ~> b);\ncheck c : slow timed slack 0;"
    run = story_in(tmp_path, SLOW, spec, "slow")
    ticks = [wait[0] for wait in longest_waits(run)]
    assert ticks == [5, 2]
    assert [wait[0] for wait in longest_waits(run, most=1)] == [5]


def test_costly_steps(tmp_path: Path) -> None:
    """The steps that cost something."""
    run = story_in(tmp_path, SLOW, "bound few : max waits;\ncheck c : few untimed;", "few")
    found = costly_steps(run, "waits")
    assert [cost for cost, _ in found] == [1]
    assert run.step(found[0][1]).costs == (("waits", 1),)
    assert costly_steps(run, "other") == []
