"""Traces to render and store: one made by hand after a real bug, and random ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from oomcheck.result.trace import Change, Ending, Fact, Lasting, Promise, Step, Trace, Truth

KILL = "mm/oom_kill.c:__oom_kill_process"
MARK = "mm/oom_kill.c:mark_oom_victim"
QUEUE = "mm/oom_kill.c:queue_oom_reaper"
DELAY = "mm/oom_kill.c:should_delay_oom_reap"
FRIDGE = "kernel/freezer.c:__refrigerator"
SLOW = "kernel/freezer.c:freezing_slow_path"


def uninit_trace() -> Trace:
    """The uninitialised `ret` of should_delay_oom_reap(), found while a victim is in the refrigerator window."""
    victim = "victim[0]"
    steps = (
        _step(1, "cgroup", "cgroup_freezing = true", "", 97, ("cgroup_freezing", "false", "true")),
        _step(2, victim, "freezing(victim[0])", SLOW, 61, reads=(("freezing(victim[0])", "true"),)),
        _step(3, "oom_killer", "sigkill = true", KILL, 78, ("sigkill", "false", "true")),
        _step(
            4,
            "oom_killer",
            "set_bit(TIF_MEMDIE, tif(victim[0]))",
            MARK,
            79,
            ("victim[0].tif.TIF_MEMDIE", "false", "true"),
        ),
        _step(5, "oom_killer", "oom_mm = true", MARK, 80, ("oom_mm", "false", "true")),
        _step(6, "oom_killer", "thaw(victim[0])", MARK, 81),
        _step(
            7, victim, "WRITE_ONCE(current->__state, TASK_FROZEN)", FRIDGE, 61, ("victim[0].state", "RUNNING", "FROZEN")
        ),
        _step(
            8,
            "oom_killer",
            "test_and_set_bit(MMF_OOM_REAP_QUEUED, mm_flags)",
            QUEUE,
            84,
            ("mm_flags.MMF_OOM_REAP_QUEUED", "false", "true"),
        ),
        _step(9, "oom_killer", "if (!frozen(victim[0]))", DELAY, 26, reads=(("frozen(victim[0])", "true"),)),
        _step(10, "oom_killer", "if (refcount_read(mm_users) <= 1)", DELAY, 28, reads=(("mm_users", "2"),)),
    )
    return Trace(
        model="models/oom_freezer.oom",
        digest="sha256:0f3c",
        params=(("FIX", "NO_DELAY"), ("NLMKD", "0")),
        chosen=("FIX", "NLMKD"),
        identity="oom_freezer/v5_uninit/no_uninit",
        prop="no_uninit",
        kind="sanitizer",
        verdict="violated",
        sentence="ret is read before it is written",
        processes=("oom_reaper", "victim[0]", "victim[1]", "oom_killer", "cgroup"),
        environment=("cgroup",),
        initial=(
            ("sigkill", "false"),
            ("oom_mm", "false"),
            ("cgroup_freezing", "false"),
            ("mm_users", "2"),
            ("mm_flags.MMF_OOM_REAP_QUEUED", "false"),
            ("victim[0].tif.TIF_MEMDIE", "false"),
            ("victim[0].state", "RUNNING"),
        ),
        steps=steps,
        ending=Ending(
            message="ret was never written on this path",
            process="oom_killer",
            text="return ret",
            file="models/oom_freezer.oom",
            line=32,
            source=DELAY,
        ),
        facts=(Fact("waits", victim, "freezer_lock, to re-test freezing()"),),
        states=3280,
        shortest=True,
        engine="explicit",
    )


REAP = "mm/oom_kill.c:oom_reap_task"
WAKE = "mm/oom_kill.c:wake_oom_reaper"


def bound_trace() -> Trace:
    """The longest way from SIGKILL to the reaped mm: the timer of the reaper, one failed try, one walk."""
    told = [
        ("oom_killer", "sigkill = true", KILL, 78),
        ("oom_killer", "mod_timer(&oom_reaper_timer, jiffies + 2*HZ)", QUEUE, 84),
        *[("time", "tick", "", 0)] * 20,
        ("oom_reaper_timer", "on_list = true", WAKE, 90),
        ("oom_reaper_timer", "wake_up(&oom_reaper_wait)", WAKE, 91),
        ("oom_reaper", "down_read_trylock(mmap_lock) is false", REAP, 104),
        ("time", "tick", "", 0),
        ("oom_reaper", "down_read_trylock(mmap_lock) is true", REAP, 104),
        *[("time", "tick", "", 0)] * 3,
        ("oom_reaper", "delay(2 .. 3)", REAP, 108),
        ("oom_reaper", "set_bit(MMF_OOM_SKIP, mm_flags)", REAP, 109),
    ]
    steps = tuple(
        replace(_step(number, *rest), ticks=int(rest[0] == "time"), costs=_cost(rest[1]))
        for number, rest in enumerate(told, start=1)
    )
    return replace(
        uninit_trace(),
        identity="oom_freezer/clocked/reaped",
        prop="reaped",
        kind="bound",
        verdict="holds",
        sentence="how long until the memory is back",
        processes=("oom_reaper", "victim[0]", "oom_killer", "oom_reaper_timer", "time"),
        environment=("oom_reaper_timer", "time"),
        steps=steps,
        ending=Ending("24 ticks (2.4 s): sigkill after step 1, MMF_OOM_SKIP after step 32", source=REAP),
        facts=(Fact("held", "oom_reaper", "mmap_lock (read)"),),
        shortest=False,
        timed=True,
        slack=2,
        hz=10,
        costs=("retries",),
        value=24,
        unit="ticks",
    )


def _cost(text: str) -> tuple[tuple[str, int], ...]:
    return (("retries", 1),) if text.endswith("is false") else ()


def stuck_trace() -> Trace:
    """A lasso: the reaper tries for ever, and nobody lets go of the lock."""
    told = [
        ("oom_killer", "sigkill = true", KILL, 78),
        ("victim[0]", "down_write(mmap_lock)", "mm/mmap.c:vm_mmap_pgoff", 30),
        ("oom_reaper", "down_read_trylock(mmap_lock) is false", REAP, 104),
        ("oom_reaper", "attempts++", REAP, 105),
        ("time", "tick", "", 0),
        ("time", "tick", "", 0),
        ("oom_reaper", "schedule_timeout_idle(HZ/10)", REAP, 106),
    ]
    steps = tuple(
        replace(_step(number, *rest), ticks=int(rest[0] == "time"), costs=_cost(rest[1]))
        for number, rest in enumerate(told, start=1)
    )
    return replace(
        bound_trace(),
        identity="oom_freezer/walkers/reaped_some_time",
        prop="reaped_some_time",
        kind="leads_to",
        verdict="violated",
        sentence="a victim's memory comes back",
        steps=steps,
        ending=Ending("sigkill after step 1, and MMF_OOM_SKIP never follows", source=REAP),
        facts=(Fact("held", "victim[0]", "mmap_lock (write)"),),
        loop=2,
        promises=(
            Promise("oom_reaper", "weak", "moves at step 3"),
            Promise("victim[0]", "weak", "never enabled in the loop"),
            Promise("oom_killer", "strong", "never enabled in the loop"),
            Promise("time", "progress", "passes at step 5"),
        ),
        value=None,
        unit="",
    )


def _step(
    number: int,
    process: str,
    text: str,
    source: str,
    line: int,
    *changes: tuple[str, str, str],
    reads: tuple[tuple[str, str], ...] = (),
) -> Step:
    counter = Change(f"{process}.pc", f"L{number}", f"L{number + 1}", quiet=True)
    changed = (*(Change(*change) for change in changes), counter)
    return Step(number, process, number, text, "models/oom_freezer.oom", line, source, changed, reads)


# Any text a file can hold: long and empty names, controls, other scripts, escape sequences.
texts = st.one_of(
    st.sampled_from(
        ["", "ret", "mm.flags.MMF_OOM_SKIP", "set_bit(MMF_OOM_SKIP, mm->flags)", "a" * 90, "\x1b[2J\ttab\n", "x ≤ y"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
numbers = st.integers(0, 10**6)
pairs = st.tuples(texts, texts)


@st.composite
def traces(draw: st.DrawFn, max_processes: int = 9, max_steps: int = 14) -> Trace:
    """Well-formed traces with arbitrary texts: finite ones and lassos, with time and without."""
    processes = tuple(draw(st.lists(texts.filter(bool), min_size=1, max_size=max_processes, unique=True)))
    someone = st.sampled_from(processes)
    changes = st.builds(Change, texts, texts, texts, st.booleans())
    timed = draw(st.booleans())
    steps = tuple(
        Step(
            number=number,
            process=draw(someone),
            choice=draw(numbers),
            text=draw(texts),
            file=draw(texts),
            line=draw(numbers),
            source=draw(texts),
            changes=tuple(draw(st.lists(changes, max_size=3))),
            reads=tuple(draw(st.lists(pairs, max_size=3))),
            ticks=draw(st.sampled_from([0, 0, 0, 1, 30])) if timed else 0,
            costs=tuple(draw(st.lists(st.tuples(texts, numbers), max_size=1))),
        )
        for number in range(1, draw(st.integers(0, max_steps)) + 1)
    )
    parts = st.lists(st.tuples(texts, st.booleans()), max_size=3).map(tuple)
    maybe = st.one_of(st.just(""), someone)
    views = st.sampled_from(["held", "waits", "frozen", "timer"])
    promises = st.builds(Promise, texts, st.sampled_from(["weak", "strong", "progress"]), texts)
    params = tuple(draw(st.dictionaries(texts, texts, max_size=4)).items())
    return Trace(
        model=draw(texts),
        digest=draw(texts),
        params=params,
        chosen=tuple(name for name, _ in params if draw(st.booleans())),
        identity=draw(texts),
        prop=draw(texts),
        kind=draw(texts),
        verdict=draw(st.sampled_from(["violated", "covered", "holds"])),
        sentence=draw(texts),
        processes=processes,
        environment=tuple(draw(st.lists(someone, max_size=2, unique=True))),
        initial=tuple(draw(st.lists(pairs, max_size=4))),
        steps=steps,
        ending=draw(st.builds(Ending, texts, maybe, texts, texts, numbers, texts, parts)),
        facts=tuple(draw(st.lists(st.builds(Fact, views, maybe, texts), max_size=4))),
        states=draw(numbers),
        shortest=draw(st.booleans()),
        engine=draw(texts),
        loop=draw(st.one_of(st.none(), st.integers(0, len(steps)))),
        promises=tuple(draw(st.lists(promises, max_size=3))),
        timed=timed,
        slack=draw(st.one_of(st.none(), numbers)) if timed else None,
        hz=draw(st.sampled_from([0, 1, 10, 250, 300])) if timed else 0,
        costs=tuple(draw(st.lists(texts, max_size=2))),
        value=draw(st.one_of(st.none(), numbers)),
        unit=draw(st.one_of(st.just("ticks"), texts)),
        lasting=tuple(draw(st.lists(_lasting(len(steps), maybe), max_size=5))),
        truths=tuple(draw(st.lists(_truths(len(steps)), max_size=3))),
        spec=draw(st.sampled_from(["", "specs/oom_freezer.oomspec"])),
    )


@st.composite
def _lasting(draw: st.DrawFn, steps: int, maybe: st.SearchStrategy[str]) -> Lasting:
    """A fact that is true in some states of a trace of so many steps."""
    first = draw(st.integers(0, steps))
    view = draw(st.sampled_from(["held", "blocked", "sleeping", "frozen", "timer"]))
    return Lasting(view, draw(maybe), draw(texts), first, draw(st.integers(first, steps)))


def _truths(steps: int) -> st.SearchStrategy[Truth]:
    """A row of truth over a trace of so many steps."""
    signs = st.text("10-", min_size=steps + 1, max_size=steps + 1)
    return st.builds(Truth, texts, st.sampled_from(["property", "part", "other"]), signs)
