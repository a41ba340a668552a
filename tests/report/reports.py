"""Reports to print, one with a row of every kind."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.result.verdict import (
    Bounded,
    Covered,
    DeadCode,
    Holds,
    Report,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
)
from tests.report.traces import bound_trace, stuck_trace, uninit_trace

HOLDS = Result(
    identity="oom_freezer/base/premature_skip",
    prop="premature_skip",
    kind="never",
    verdict=Holds(),
    ok=True,
    engine="explicit",
    exhaustive=True,
    states=59118,
    transitions=171204,
    depth=61,
    seconds=0.4321,
    sentence="MMF_OOM_SKIP is set while memory is still mapped",
    expected="holds",
    params=(("FIX", "BASE"),),
    reductions=("slicing", "partial order"),
)


#: Of a check that models time.
TIMED = "timed, slack 2"


def row(check: str, prop: str, verdict: Verdict, expected: str, ok: bool, note: str = "") -> Result:
    """A row that differs from HOLDS."""
    exhaustive = isinstance(verdict, Holds | Bounded | Unreachable | DeadCode | Vacuous)
    identity = f"oom_freezer/{check}/{prop}"
    return replace(
        HOLDS,
        identity=identity,
        prop=prop,
        verdict=verdict,
        expected=expected,
        ok=ok,
        note=note,
        exhaustive=exhaustive,
        sentence="",
    )


def full_report() -> Report:
    """A report with every verdict, expected and not."""
    uninit = replace(
        row("v5_uninit", "no_uninit", Violated(uninit_trace()), "violated", True),
        source="mm/oom_kill.c:should_delay_oom_reap",
        sentence="ret is read before it is written",
        because="ret is never written when nobody else shares the mm",
    )
    covered = replace(uninit_trace(), verdict="covered", identity="oom_freezer/v5_window/no_delay")
    elsewhere = "expected violated at mm/oom_kill.c:oom_reaper, found at mm/oom_kill.c:should_delay_oom_reap"
    return Report(
        model="models/oom_freezer.oom",
        params=(("FIX", "BASE"), ("NVMA", "2")),
        chosen=("FIX", "NVMA"),
        results=(
            HOLDS,
            uninit,
            replace(uninit, identity="oom_freezer/elsewhere/no_uninit", ok=False, note=elsewhere),
            row("v6", "one_kill", Holds(), "violated", False),
            row("v5_window", "no_delay", Covered(covered), "covered", True),
            row("merged", "no_delay", Unreachable(), "unreachable", True),
            row("reachable", "both_unmap", Unreachable(), "covered", False),
            row("base", "order", Vacuous("`kills > 0` is true in no reachable state"), "holds", False),
            row("big[NVMA=4]", "one_kill", Unknown("state limit 1000000"), "holds", False),
            row("small", "one_kill", Unknown("depth limit 3"), "unknown", True),
            replace(
                row("clocked", "reaped", Bounded(24, bound_trace()), "holds", True),
                timing=TIMED,
                value=24,
                unit="ticks",
            ),
            replace(
                row("clocked", "fast", Violated(replace(bound_trace(), verdict="violated")), "holds", False),
                timing=TIMED,
                value=24,
                unit="ticks",
            ),
            replace(
                row("walkers", "contended", Violated(stuck_trace()), "holds", False),
                unbounded=True,
                unit="contention",
            ),
            replace(row("clocked", "order", Holds(), "holds", True), timing="timed, declared slack"),
            row("default", "unreachable", DeadCode(("models/oom_freezer.oom:91",)), "", False),
        ),
        sanitizers=("uninit", "null", "lifetime", "lockdep", "refcount", "range", "deadlock", "assert", "unreachable"),
        dead_code=("models/oom_freezer.oom:91  up_read(mmap_lock)  [mm/mmap.c:exit_mmap]",),
        warnings=("W0606: property `latency` is in no check",),
    )
