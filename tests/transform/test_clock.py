"""Time, computed by hand on small models (long: the cases of all constructs side by side)."""

from __future__ import annotations

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.evidence.shown import facts
from oomcheck.ir.system import ProcessKind
from oomcheck.lang.mode import Mode
from oomcheck.prop.property import sanitizer
from oomcheck.semantics.checks import deadlocked
from oomcheck.semantics.successors import apply, enabled, faults
from tests.timed import first, instants, lowered, reachable, sights, timed


def model(body: str) -> str:
    """A model with this body."""
    return f"model m;\n{body}"


DELAY = model("marked bool x; thread t { delay(2 .. 4); x = true; }")


def test_a_delay_ends_within_its_bounds() -> None:
    """delay(2 .. 4): after 2, 3 or 4 ticks, never before and never later."""
    assert first(timed(DELAY), "x", 1, 9) == [2, 3, 4]


def test_a_delay_of_one_length_is_exact() -> None:
    """delay(3) is over after three ticks."""
    assert first(timed(model("marked bool x; thread t { delay(3); x = true; }")), "x", 1, 9) == [3]


@pytest.mark.parametrize(("bounds", "found"), [("0", [0]), ("0 .. 2", [0, 1, 2]), ("0 .. 0", [0])])
def test_a_delay_may_be_nothing(bounds: str, found: list[int]) -> None:
    """delay(0) takes no time, delay(0 .. n) need not."""
    assert first(timed(model(f"marked bool x; thread t {{ delay({bounds}); x = true; }}")), "x", 1, 9) == found


def test_delays_add_up() -> None:
    """Two delays in a row: every sum."""
    text = model("marked bool x; thread t { delay(1 .. 2); delay(3 .. 5); x = true; }")
    assert first(timed(text), "x", 1, 12) == [4, 5, 6, 7]


def test_a_delay_by_a_local() -> None:
    """The length may be a local that was chosen."""
    text = model("marked bool x; thread t { int 0..3 n; choose n in 1 .. 3; delay(2 * n); x = true; }")
    assert first(timed(text), "x", 1, 9) == [2, 4, 6]


def test_a_delay_by_a_shared_variable() -> None:
    """The length is what is read before it begins."""
    text = model("marked int 1..5 n = 1; marked bool x; thread t { n = 5; delay(n); n = 2; x = true; }")
    assert first(timed(text), "x", 1, 9) == [5]


def test_steps_take_no_time() -> None:
    """Without slack everything happens at once."""
    assert first(timed(model("marked bool x; thread t { x = false; x = false; x = true; }")), "x", 1, 5) == [0]


def test_untimed_a_delay_is_a_step() -> None:
    """Untimed: three states, as a skip has."""
    assert len(reachable(lowered(DELAY).system)) == 3


def test_countdowns_of_the_dead_tell_no_states_apart() -> None:
    """However long the delay took, the states after it are the same: 5 in the delay, 2 after it."""
    assert len(reachable(timed(DELAY))) == 7


def test_a_thread_in_a_labelled_delay_is_at_the_label() -> None:
    """`t at busy` holds during the whole delay."""
    text = model("marked bool x; thread t { busy: delay(2); x = true; } thread u { await t at busy; x = false; }")
    assert first(timed(text), "pc(u)", 1, 5) == [0]
    labelled = lowered(model("marked bool x; thread t { x = false; busy: delay(2); x = true; }"), Mode(True)).system
    assert [place.name for place in labelled.processes[0].locations][1] == "busy"


# ---------------------------------------------------------------- slack


def test_slack_is_how_late_a_thread_may_be() -> None:
    """With slack 2, one step comes after 0, 1 or 2 ticks."""
    assert first(timed(model("marked bool x; thread t { x = true; }"), 2), "x", 1, 9) == [0, 1, 2]


def test_slack_is_charged_once_per_wake_up() -> None:
    """Ten steps and two delays together are at most 2 late: a delay is work, not sleep."""
    text = model("marked int 0..9 x; thread t { x = 1; delay(1); x = 2; delay(3); x = 3; x = 4; }")
    assert first(timed(text, 2), "x", 4, 15) == [4, 5, 6]


def test_slack_is_charged_again_after_a_sleep() -> None:
    """Each wake-up from a sleep may be late anew."""
    text = model("marked bool x; thread t { x = false; schedule_timeout(3); x = true; }")
    assert first(timed(text, 2), "x", 1, 15) == [3, 4, 5, 6, 7]


def test_slack_is_charged_again_after_a_wait_for_a_mutex() -> None:
    """One may be 1 late, waits until u gives the mutex back at 4 at the latest, and may be 1 late again."""
    text = model(
        "mutex m; marked bool x;"
        "thread t slack 1 { delay(1); mutex_lock(m); x = true; mutex_unlock(m); }"
        "thread u slack 0 { mutex_lock(m); delay(4); mutex_unlock(m); }"
    )
    assert first(timed(text), "x", 1, 15) == [4, 5]


def test_a_mutex_that_is_free_gives_no_new_slack() -> None:
    """Without waiting there is no wake-up."""
    text = model("mutex m; marked bool x; thread t { mutex_lock(m); mutex_unlock(m); x = true; }")
    assert first(timed(text, 1), "x", 1, 9) == [0, 1]


WAITS = """
{0} l; marked bool x, e;
thread t slack 1 {{
	deadline d = jiffies + 1; delay(1);
	if (time_after(jiffies, d)) e = true;
	{1}_lock(l); {1}_unlock(l); x = true;
}}
thread u slack 0 {{ {1}_lock(l); delay(4); {1}_unlock(l); }}
"""


@pytest.mark.parametrize(("kind", "name", "last"), [("spinlock", "spin", 4), ("mutex", "mutex", 5)])
def test_only_sleep_gives_new_slack(kind: str, name: str, last: int) -> None:
    """If t was late already (e), it goes on at 4, when a spinlock is free; after a mutex it may be late again."""
    found = sights(timed(model(WAITS.format(kind, name))), ["x", "e"], 9)
    assert max(instant for instant, seen in found if seen == (0, 1)) == last
    assert max(instant for instant, seen in found if seen == (0, 0)) == 5
    assert min(instant for instant, (x, _) in found if x) == 4


@pytest.mark.parametrize("slack", [0, 3, None])
def test_a_holder_of_a_spinlock_is_not_late(slack: int | None) -> None:
    """Between spin_lock and spin_unlock there is always one thing to do: a step, or the tick of a delay."""
    text = model(
        "spinlock l; marked bool x, y; thread t { spin_lock(l); x = true; delay(2); y = true; spin_unlock(l); }"
    )
    system = timed(text, slack)
    held = [state for state in reachable(system) if state[system.slot["l.owner[0]"]]]
    assert {len(enabled(system, state)) for state in held} == {1}
    assert len(held) == 6 * (1 if slack is None else slack + 1)


def test_slack_any_is_without_bound() -> None:
    """Any instant up to the horizon; time passes only while something is counted."""
    text = model("marked bool x; thread t { x = true; } thread u { delay(5); }")
    assert first(timed(text, None), "x", 1, 5) == [0, 1, 2, 3, 4, 5]
    assert first(timed(text, None), "x", 1, 9) == [0, 1, 2, 3, 4, 5]
    assert first(timed(text, None, idle=True), "x", 1, 9) == list(range(10))


def test_a_thread_keeps_its_own_slack() -> None:
    """The slack of the check is for threads that do not say."""
    text = model("marked bool x, y; thread t slack 1 { x = true; } thread u { y = true; } thread w slack any { }")
    assert first(timed(text, 3), "x", 1, 9) == [0, 1]
    assert first(timed(text, 3), "y", 1, 9) == [0, 1, 2, 3]


def test_an_environment_need_never_move() -> None:
    """Time passes although env can step."""
    text = model("marked bool x; env e { x = true; } thread t { delay(3); }")
    assert first(timed(text), "x", 1, 3) == [0, 1, 2, 3]


# ---------------------------------------------------------------- sleeping


def test_schedule_timeout_sleeps_exactly() -> None:
    """Four ticks, if nobody can wake it."""
    assert first(timed(model("marked bool x; thread t { schedule_timeout(4); x = true; }")), "x", 1, 9) == [4]


WOKEN = """
marked bool x; marked int 0..9 n;
thread t {
	set_current_state(TASK_INTERRUPTIBLE); schedule_timeout(6); x = true;
	assert task_state(current) == TASK_RUNNING;
}
thread u { delay(2); wake_up_process(&t); }
"""


def test_a_wake_up_ends_a_sleep_with_a_state() -> None:
    """set_current_state() before schedule_timeout(): woken after 2 of 6 ticks."""
    assert first(timed(model(WOKEN)), "x", 1, 9) == [2]


def test_without_a_state_nobody_wakes_it() -> None:
    """schedule_timeout() alone sleeps to the end."""
    text = WOKEN.replace("set_current_state(TASK_INTERRUPTIBLE);", "")
    assert first(timed(model(text)), "x", 1, 9) == [6]


def test_a_wake_up_before_the_sleep_is_not_lost() -> None:
    """RUNNING again before schedule_timeout(): it returns at once."""
    text = model(
        "marked bool x, y; thread t { set_current_state(TASK_INTERRUPTIBLE); y = true; schedule_timeout(6); x = true; }"
        "thread u { await y; wake_up_process(&t); }"
    )
    assert first(timed(text), "x", 1, 9) == [0]


def test_sigkill_ends_a_killable_sleep() -> None:
    """A fatal signal wakes TASK_KILLABLE, not TASK_UNINTERRUPTIBLE."""
    text = model(
        "marked bool x; thread t { set_current_state(TASK_KILLABLE); schedule_timeout(6); x = true; }"
        "thread u { delay(1); send_sigkill(&t); }"
    )
    assert first(timed(text), "x", 1, 9) == [1]
    assert first(timed(text.replace("KILLABLE", "UNINTERRUPTIBLE")), "x", 1, 9) == [6]


@pytest.mark.parametrize(("done", "result", "when"), [(3, 1, 3), (5, 0, 5), (9, 0, 5)])
def test_wait_event_timeout(done: int, result: int, when: int) -> None:
    """True at the wake-up if the condition came in time, else false when the ticks are over."""
    text = model(
        "waitqueue q; marked bool c; marked int 0..2 r = 2;"
        "thread t { bool got; got = wait_event_timeout(q, c, 5); if (got) r = 1; else r = 0; }"
        f"thread u {{ delay({done}); c = true; wake_up(q); }}"
    )
    both = done == when == 5  # at the same instant either may be first
    assert first(timed(text), "r", result, 12) == [when]
    assert first(timed(text), "r", 1 - result, 12) == ([5] if both else [])


def test_wait_event_timeout_looks_again_at_the_end() -> None:
    """A condition that holds when the ticks are over counts, although nobody sent a wake-up."""
    text = model(
        "waitqueue q; marked bool c; marked int 0..2 r = 2;"
        "thread t { bool got; got = wait_event_timeout(q, c, 5); if (got) r = 1; else r = 0; }"
        "thread u { delay(1); c = true; }"
    )
    assert first(timed(text), "r", 1, 12) == [5]
    assert first(timed(text), "r", 0, 12) == []


def test_untimed_a_timeout_can_come_at_any_time() -> None:
    """Both results, whatever the numbers say."""
    text = model(
        "waitqueue q; marked bool c; marked int 0..2 r = 2;"
        "thread t { bool got; got = wait_event_timeout(q, c, 1000); if (got) r = 1; else r = 0; }"
        "thread u { c = true; wake_up(q); }"
    )
    system = lowered(text).system
    assert {state[system.slot["r"]] for state in reachable(system)} == {0, 1, 2}


@pytest.mark.parametrize(("done", "result", "when"), [(3, 1, 3), (9, 0, 5)])
def test_wait_for_completion_timeout(done: int, result: int, when: int) -> None:
    """True when completed in time, else false at the end."""
    text = model(
        "completion c; marked int 0..2 r = 2;"
        "thread t { bool got; got = wait_for_completion_timeout(c, 5); if (got) r = 1; else r = 0; }"
        f"thread u {{ delay({done}); complete(c); }}"
    )
    assert first(timed(text), "r", result, 12) == [when]
    assert first(timed(text), "r", 1 - result, 12) == []


# ---------------------------------------------------------------- timers and deadlines


def test_a_timer_fires_when_its_ticks_are_over() -> None:
    """At 3, and never late, whatever the slack of threads."""
    text = model("timer t = f; marked bool x; softirq f() { x = true; } thread a { mod_timer(t, jiffies + 3); }")
    assert first(timed(text), "x", 1, 9) == [3]
    assert first(timed(text, 2), "x", 1, 9) == [3, 4, 5]  # armed late


def test_a_timer_of_no_ticks_fires_now() -> None:
    """An expiry of jiffies + 0 is this instant."""
    text = model("timer t = f; marked bool x; softirq f() { x = true; } thread a { mod_timer(t, jiffies); }")
    assert first(timed(text), "x", 1, 9) == [0]


def test_timers_fire_in_the_order_of_their_expiry() -> None:
    """The one with fewer ticks first, in whatever order they were armed."""
    text = model(
        "timer t = f; timer u = g; marked int 0..2 x;"
        "softirq f() { x = 1; } softirq g() { x = 2; }"
        "thread a { mod_timer(t, jiffies + 5); mod_timer(u, jiffies + 2); }"
    )
    assert instants(timed(text), "x", 2, 9) == [2, 3, 4, 5]
    assert first(timed(text), "x", 1, 9) == [5]


def test_a_timer_can_be_moved_and_deleted() -> None:
    """Moved from 2 to 1 + 4; deleted at 1."""
    moved = model(
        "timer t = f; marked bool x; softirq f() { x = true; }"
        "thread a { mod_timer(t, jiffies + 2); delay(1); mod_timer(t, jiffies + 4); }"
    )
    assert first(timed(moved), "x", 1, 9) == [5]
    assert first(timed(moved.replace("mod_timer(t, jiffies + 4)", "del_timer(t)")), "x", 1, 9) == []


def test_an_expired_timer_can_still_be_deleted_at_its_instant() -> None:
    """Handler and del_timer() at the same instant: either may be first."""
    text = model(
        "timer t = f; marked bool x; marked int 0..2 r; softirq f() { x = true; }"
        "thread a { mod_timer(t, jiffies + 2); delay(2); if (del_timer(t)) r = 1; else r = 2; }"
    )
    assert first(timed(text), "r", 1, 9) == [2]
    assert first(timed(text), "r", 2, 9) == [2]


DEADLINE = """
marked int 0..2 r;
thread t {{ deadline d = jiffies + 3; delay({0}); if ({1}(jiffies, d)) r = 1; else r = 2; }}
"""


@pytest.mark.parametrize("elapsed", [0, 2, 3, 4, 9])
@pytest.mark.parametrize("name", ["time_after", "time_after_eq", "time_before", "time_before_eq"])
def test_comparisons_with_a_deadline(name: str, elapsed: int) -> None:
    """As in include/linux/jiffies.h; the deadline is at 3."""
    true = {"time_after": elapsed > 3, "time_after_eq": elapsed >= 3, "time_before": elapsed < 3}
    expected = true.get(name, elapsed <= 3)
    text = model(DEADLINE.format(elapsed, name))
    assert first(timed(text), "r", 1 if expected else 2, 12) == [elapsed]
    assert first(timed(text), "r", 2 if expected else 1, 12) == []


@pytest.mark.parametrize(("name", "other"), [("time_after", "time_before"), ("time_before_eq", "time_after_eq")])
def test_comparisons_can_be_exchanged(name: str, other: str) -> None:
    """time_after(d, jiffies) is time_before(jiffies, d)."""
    for elapsed in (2, 3, 4):
        exchanged = model(DEADLINE.format(elapsed, name).replace("(jiffies, d)", "(d, jiffies)"))
        plain = model(DEADLINE.format(elapsed, other))
        assert sights(timed(exchanged), ["r"], 9) == sights(timed(plain), ["r"], 9)


def test_a_deadline_that_was_never_set_has_passed() -> None:
    """A shared deadline starts in the past."""
    text = model("marked deadline d; marked int 0..2 r; thread t { if (time_after(jiffies, d)) r = 1; else r = 2; }")
    assert first(timed(text), "r", 1, 3) == [0]
    assert first(timed(text), "r", 2, 3) == []


def test_await_of_a_deadline() -> None:
    """Blocked until the deadline has passed."""
    text = model("marked bool x; thread t { deadline d = jiffies + 2; await time_after(jiffies, d); x = true; }")
    assert first(timed(text), "x", 1, 9) == [3]
    assert first(timed(text.replace("time_after(", "time_after_eq(")), "x", 1, 9) == [2]


def test_untimed_a_comparison_has_both_outcomes() -> None:
    """Whatever the numbers say; `await` passes, `assert` can fail."""
    system = lowered(model(DEADLINE.format(0, "time_after"))).system
    assert {state[system.slot["r"]] for state in reachable(system)} == {0, 1, 2}
    system = lowered(
        model("marked bool x; thread t { deadline d = jiffies + 2; await time_after(jiffies, d); }")
    ).system
    assert any(not enabled(system, state) for state in reachable(system))
    text = model("marked bool x; thread t { deadline d = jiffies + 2; x = true; assert time_before(jiffies, d); }")
    assert [fault.sanitizer for fault in lowered(text).system.faults] == ["assert"]
    assert reachable_faults(text) == set()


def reachable_faults(text: str) -> set[str]:
    """Sanitizers that a timed model violates in some reachable state."""
    system = timed(text)
    return {fault.sanitizer for state in reachable(system) for fault in faults(system, state)}


# ---------------------------------------------------------------- urgency and rest


def test_a_busy_holder_lets_time_pass_for_who_spins() -> None:
    """The waiter has no step, the holder is in its delay: time passes."""
    text = model(
        "spinlock l; marked bool x; thread t { spin_lock(l); delay(3); spin_unlock(l); }"
        "thread u { delay(1); spin_lock(l); x = true; spin_unlock(l); }"
    )
    assert first(timed(text), "x", 1, 9) == [3]


def test_a_handler_may_be_busy() -> None:
    """A delay in a softirq takes its time."""
    text = model(
        "timer t = f; marked bool x; softirq f() { delay(2); x = true; } thread a { mod_timer(t, jiffies + 1); }"
    )
    assert first(timed(text), "x", 1, 9) == [3]


def test_a_runnable_daemon_is_urgent() -> None:
    """Time does not pass it by."""
    text = model("marked bool x; kthread d daemon { x = true; loop { await false; } } thread t { delay(5); }")
    assert first(timed(text), "x", 1, 9) == [0]


def test_nobody_and_no_countdown_is_a_deadlock() -> None:
    """A sleeper that nobody wakes: without idle there is no step, with it time passes for ever."""
    text = model("completion c; thread t { delay(2); wait_for_completion(c); }")
    system = timed(text)
    stuck = [s for s in reachable(system) if deadlocked(system, sanitizer("deadlock"), s, enabled(system, s))]
    assert len(stuck) == 1
    endless = timed(text, idle=True)
    assert [[move.ticks for move in enabled(endless, state)] for state in stuck] == [[1]]
    assert reachable(system) == reachable(endless)


def test_a_countdown_that_runs_is_no_deadlock() -> None:
    """While a timer runs, nobody is stuck for good."""
    text = model(
        "timer t = f; completion c; softirq f() { complete(c); }"
        "thread a { mod_timer(t, jiffies + 3); wait_for_completion(c); }"
    )
    system = timed(text)
    assert not [s for s in reachable(system) if deadlocked(system, sanitizer("deadlock"), s, enabled(system, s))]


def test_no_time_beyond_the_end_of_behaviour() -> None:
    """Where an assumption is false there is no tick, also with idle."""
    text = model("marked int 0..1 x; thread t { delay(1); x = 1; assume x == 0; } thread u { delay(5); }")
    system = timed(text, idle=True)
    stopped = [s for s in reachable(system) if s[system.slot["x"]] == 1]
    assert stopped
    assert all(not move.ticks for state in stopped for move in enabled(system, state))


def test_an_assumption_about_a_choice_stops_nobody_else() -> None:
    """Some values are excluded: the thread still may be late before it takes another one."""
    text = model("marked bool x; thread t { int 0..3 n; choose n in 0 .. 3; assume n != 2; delay(n); x = true; }")
    assert first(timed(text), "x", 1, 9) == [0, 1, 3]
    assert first(timed(text, 1), "x", 1, 9) == [0, 1, 2, 3, 4]


def test_the_clock_is_last() -> None:
    """One process more, one transition more, one location; all of the model keeps its number and slot."""
    base = lowered(WOKEN_MODEL, Mode(timed=True, slack=1)).system
    system = timed(WOKEN_MODEL, 1)
    assert system.processes[:-1] == base.processes
    assert system.variables[: len(base.variables)] == base.variables
    assert [(t.index, t.process, t.origin, t.target) for t in system.transitions[:-1]] == [
        (t.index, t.process, t.origin, t.target) for t in base.transitions
    ]
    clock, tick = system.processes[-1], system.transitions[-1]
    assert (clock.name, clock.kind, clock.daemon, len(clock.locations)) == ("time", ProcessKind.CLOCK, True, 1)
    assert (tick.index, tick.process, tick.ticks) == (len(system.transitions) - 1, len(system.processes) - 1, 1)
    assert all(not step.ticks for step in system.transitions[:-1])


WOKEN_MODEL = model(WOKEN)


def test_the_clock_is_called_apart_from_threads() -> None:
    """A thread may be called time."""
    assert timed(model("thread time { skip; }")).processes[-1].name == "time'"


def test_countdowns_have_the_least_sorts() -> None:
    """The greatest number of ticks that is ever counted, plus one for a deadline."""
    text = model(
        "const HZ = 10; timer t = f; deadline d; softirq f() { } thread a { bool late; mod_timer(t, jiffies + 2 * HZ);"
        "delay(1 .. 3); late = time_after(jiffies, d); delay((late ? 7 : 2)); d = jiffies + 4; }"
    )
    system = timed(text)
    sorts = {v.name: v.sort for v in system.variables if v.countdown}
    assert {name: getattr(sort, "hi", None) for name, sort in sorts.items()} == {
        "t.left[0]": 20,
        "d": 5,
        "a.$pause": 7,
    }
    assert system.hz == 10


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("int n = 3; thread t { int k; k = n; delay(k); }", "t.pause has no bound: it may be any number of ticks"),
        ("timer t = f; softirq f() { } thread a { mod_timer(t); }", "the timer is armed without its expiry"),
        ("thread t { delay(5 - 3 .. 1); }", "the range 2 .. 1 is empty"),
        ("const N = 2; thread t { delay(N - 5); }", "a delay cannot be negative"),
        ("deadline d; thread t { d = 5; }", "expected `jiffies + n`"),
        ("deadline d; deadline e; thread t { d = jiffies; e = d; }", "expected `jiffies + n`"),
        ("deadline d; bool b; thread t { b = d == d; }", "a deadline is only compared with jiffies"),
        ("int x; thread t { x = jiffies; }", "`jiffies` is no number of the model"),
        ("bool b; int x; thread t { b = time_after(jiffies, x); }", "expected jiffies or a deadline, found an int"),
        ("deadline d; bool b; thread t { b = time_after(d, d); }", "`time_after` compares jiffies with a deadline"),
        ("deadline d; thread t { xchg(d, jiffies); }", "a deadline is set, and compared with jiffies"),
        ("deadline f() { return jiffies + 1; } thread t { }", "a function cannot return a deadline"),
        ("deadline d = jiffies + 1; thread t { d = jiffies; }", "this is not known before the model runs"),
    ],
)
def test_what_has_no_length_is_an_error(body: str, message: str) -> None:
    """Each with its own message."""
    with pytest.raises(OomcheckError) as caught:
        timed(model(body))
    assert message in caught.value.diagnostics[0].message


def test_a_length_that_turns_out_wrong_is_a_fault() -> None:
    """A negative delay, and an empty range, found in a run."""
    text = model("marked int -2..3 n = -1; thread t { delay(n); }")
    assert reachable_faults(text) == {"range"}
    assert reachable_faults(text.replace("-1;", "2;")) == set()
    text = model("marked int 0..3 n = 3; thread t { delay(n .. 2); }")
    assert reachable_faults(text) == {"range"}


def seen(text: str, horizon: int) -> list[tuple[str, ...]]:
    """The facts of each instant on the path on which time passes whenever it can."""
    system = timed(text)
    state, found = system.initial, [tuple(f"{f.process} {f.text}".strip() for f in facts(system, system.initial))]
    for _ in range(horizon):
        moves = enabled(system, state)
        if not moves:
            break
        state = apply(system, moves[-1], state)
        if moves[-1].ticks:
            found.append(tuple(f"{f.process} {f.text}".strip() for f in facts(system, state)))
    return found


def test_facts_tell_the_ticks_that_are_left() -> None:
    """Of timers, delays, sleeps and deadlines, in the singular where there is one."""
    text = model(
        "timer tm = f; marked bool x; softirq f() { x = true; }"
        "thread a { deadline d = jiffies + 2; mod_timer(tm, jiffies + 2); delay(1); schedule_timeout(2); x = d_over; }"
    ).replace("x = d_over;", "x = time_after(jiffies, d);")
    assert seen(text, 12) == [
        ("deadline a.d, 2 ticks left",),
        ("tm armed, 1 tick left", "deadline a.d, 1 tick left"),
        ("tm armed, 0 ticks left", "a in schedule_timeout, 1 tick left", "deadline a.d, 0 ticks left"),
        (),
    ]


def test_a_thread_that_ends_is_not_late_any_more() -> None:
    """After its last step the thread is at rest; its lateness tells no states apart."""
    system = timed(model("marked bool x; thread t { x = true; } thread u { delay(2); }"), 2)
    ended = {state[-2] for state in reachable(system) if state[system.slot["pc(t)"]] == 1}
    assert system.variables[-2].name == "u.$late"
    assert [v.name for v in system.variables if v.name.endswith("$late")] == ["t.$late", "u.$late"]
    assert {state[-3] for state in reachable(system) if state[system.slot["pc(t)"]] == 1} == {0}
    assert ended == {0, 1, 2}


def test_somebody_else_can_put_a_late_thread_to_sleep() -> None:
    """Ready for a mutex and late, it finds it taken: when it is woken it may be late again."""
    text = model(
        "mutex m; marked bool x; thread t slack 1 { mutex_lock(m); x = true; mutex_unlock(m); }"
        "thread u slack 0 { delay(1); mutex_lock(m); delay(2); mutex_unlock(m); }"
    )
    assert first(timed(text), "x", 1, 9) == [0, 1, 3, 4]


@pytest.mark.parametrize(("operation", "when"), [("killable", 2), ("interruptible", 2), ("", 7)])
def test_a_fatal_signal_ends_a_wait_with_a_timeout(operation: str, when: int) -> None:
    """The killable and the interruptible form return false at once; the plain one waits to the end."""
    name = f"wait_event_{operation}_timeout" if operation else "wait_event_timeout"
    text = model(
        f"waitqueue q; marked bool c; marked int 0..2 r = 2; thread t {{ bool got; got = {name}(q, c, 7);"
        "if (got) r = 1; else r = 0; } thread u { delay(2); send_sigkill(&t); }"
    )
    assert first(timed(text), "r", 0, 12) == [when]
    assert first(timed(text), "r", 1, 12) == []


def test_a_wait_with_a_timeout_sleeps_only_where_that_is_allowed() -> None:
    """Under a spinlock each of them is a fault."""
    for wait in ("wait_event_timeout(q, c, 2)", "wait_for_completion_timeout(d, 2)", "schedule_timeout(2)"):
        call = f"{wait};" if wait.startswith("schedule") else f"got = {wait};"
        text = f"spinlock l; waitqueue q; completion d; marked bool c; thread t {{ bool got; spin_lock(l); {call}"
        assert "lockdep" in reachable_faults(model(text + " spin_unlock(l); }"))
        assert reachable_faults(model(text.replace("spin_lock(l); ", "") + " }")) == set()


def test_an_environment_at_a_false_assumption_stops_time() -> None:
    """Behaviour ends where an assumption is due and false, whoever stands there."""
    text = model("marked bool x; env e { x = true; assume !x; } thread t { delay(3); }")
    system = timed(text, idle=True)
    ended = [state for state in reachable(system) if state[system.slot["x"]]]
    assert ended
    assert not any(move.ticks for state in ended for move in enabled(system, state))
