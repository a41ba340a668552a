"""Reports to print, one with a row of every kind."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.result.verdict import (
    Bounded,
    Contradiction,
    Covered,
    DeadCode,
    Holds,
    HoldsUpTo,
    Invariant,
    Proved,
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


#: Of a proof for every size, with its certificate.
INVARIANT = Invariant(
    "2-induction",
    ("forall (i in 0 .. NVMA - 1) vma[i].mapped", "kills <= 1"),
    ("z3", "cvc5"),
    ("NVMA >= 1",),
    ("one_kill_at_most",),
    3,
    "out/oom_freezer-proved-order",
)


def proved_row(check: str, prop: str, verdict: Verdict, expected: str, ok: bool, engine: str = "kind") -> Result:
    """A row that proof engines settled, without a search."""
    found = replace(row(check, prop, verdict, expected, ok), engine=engine, exhaustive=False)
    return replace(found, states=0, transitions=0, depth=0, reductions=())


def proof_report() -> Report:
    """A report with every verdict that proof engines can give, and a contradiction among them."""
    told = (
        "counterexample to induction; its states are not known to be reachable:",
        "  0 (all else is as it is at first)",
    )
    plain = replace(INVARIANT, method="property-directed reachability", open=(), lemmas=(), folder="")
    covered = replace(uninit_trace(), verdict="covered", identity="oom_freezer/open/no_delay")
    return Report(
        model="models/oom_freezer.oom",
        params=(("FIX", "BASE"), ("NVMA", "any")),
        results=(
            proved_row("proved", "order", Proved(INVARIANT), "proved", True),
            proved_row("proved", "one_kill", Proved(plain), "", True, "pdr"),
            proved_row("bounded", "one_kill", HoldsUpTo(12, "depth limit 12"), "", False, "bmc"),
            proved_row("bounded", "order", HoldsUpTo(12), "holds_up_to", True, "bmc"),
            proved_row("short", "order", Unknown("not inductive; no bad state within 3 steps", told), "proved", False),
            proved_row("short", "no_delay", Unreachable(plain), "unreachable", True, "pdr"),
            proved_row("open", "no_delay", Covered(covered), "covered", True, "bmc"),
            proved_row("wrong", "no_uninit", Contradiction(uninit_trace(), plain), "proved", False, "pdr"),
        ),
        sanitizers=(),
    )
