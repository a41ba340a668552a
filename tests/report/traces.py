"""Traces to render and store: one made by hand after a real bug, and random ones."""

from __future__ import annotations

from hypothesis import strategies as st

from oomcheck.result.trace import Change, Ending, Fact, Step, Trace

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
    """Well-formed traces with arbitrary texts."""
    processes = tuple(draw(st.lists(texts.filter(bool), min_size=1, max_size=max_processes, unique=True)))
    someone = st.sampled_from(processes)
    changes = st.builds(Change, texts, texts, texts, st.booleans())
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
        )
        for number in range(1, draw(st.integers(0, max_steps)) + 1)
    )
    parts = st.lists(st.tuples(texts, st.booleans()), max_size=3).map(tuple)
    maybe = st.one_of(st.just(""), someone)
    views = st.sampled_from(["held", "waits", "frozen", "timer"])
    params = tuple(draw(st.dictionaries(texts, texts, max_size=4)).items())
    return Trace(
        model=draw(texts),
        digest=draw(texts),
        params=params,
        chosen=tuple(name for name, _ in params if draw(st.booleans())),
        identity=draw(texts),
        prop=draw(texts),
        kind=draw(texts),
        verdict=draw(st.sampled_from(["violated", "covered"])),
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
    )
