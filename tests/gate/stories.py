"""Reports made by hand, with every kind of verdict."""

from __future__ import annotations

from oomcheck.diag.span import Source, Span
from oomcheck.result.trace import Change, Ending, Fact, Lasting, Promise, Step, Trace, Truth
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

SOURCE = Source("specs/m.oomspec", 'spec for "m.oom";\ncheck c : n;\n')

TRACE = Trace(
    model="models/m.oom",
    digest="sha256:0",
    params=(("N", "2"),),
    chosen=("N",),
    identity="m/c/n",
    prop="n",
    kind="never",
    verdict="violated",
    sentence="a “sentence”",
    processes=("t", "u"),
    environment=("u",),
    initial=(("x", "0"),),
    steps=(
        Step(1, "t", 3, "x = 1", "models/m.oom", 4, "mm/a.c:f", (Change("x", "0", "1"),), (("y", "2"),)),
        Step(2, "u", 4, "", "", 0, "", (Change("pc", "1", "2", quiet=True),), ticks=3, costs=(("wait", 2),)),
    ),
    ending=Ending("bad", "t", "x = 2", "models/m.oom", 5, "mm/a.c:g", (("x == 1", True), ("y", False))),
    facts=(Fact("held", "t", "l"), Fact("timer", "", "armed")),
    states=12,
    shortest=True,
    engine="explicit",
    loop=1,
    promises=(Promise("weak(t)", "weak", "it moves"),),
    timed=True,
    slack=2,
    hz=100,
    costs=("wait",),
    value=3,
    unit="ticks",
    lasting=(Lasting("held", "t", "l (read)", 0, 2), Lasting("timer", "", "armed", 1, 1)),
    truths=(Truth("x == 1", "property", "01-"),),
    spec="specs/m.oomspec",
    spec_digest="sha256:1",
)

INVARIANT = Invariant("pdr", ("x <= 3", "y\n== 2"), ("Z3", "cvc5"), ("N >= 1",), ("l",), 7, "out/n")

VERDICTS: tuple[Verdict, ...] = (
    Holds(),
    Bounded(3, TRACE),
    HoldsUpTo(4, "depth limit 4"),
    Proved(INVARIANT),
    Violated(TRACE),
    DeadCode(("m.oom:3: x = 1", "m.oom:4: y = 1")),
    Covered(TRACE),
    Unreachable(),
    Unreachable(INVARIANT),
    Vacuous("nothing"),
    Unknown("state limit 3", ("line", "another")),
    Contradiction(TRACE, INVARIANT),
)


def result_of(verdict: Verdict, exhaustive: bool = True) -> Result:
    """A result with something in each field."""
    return Result(
        identity="m/c/n[N=2]",
        prop="n",
        kind="never",
        verdict=verdict,
        ok=False,
        engine="explicit",
        exhaustive=exhaustive,
        states=12,
        transitions=34,
        depth=5,
        seconds=0.123456789,
        sentence="a sentence",
        expected="holds",
        because="of this",
        note="expected holds",
        source="mm/a.c:f",
        params=(("N", "2"), ("M", "true")),
        timing="timed, slack 2",
        value=3,
        unbounded=True,
        unit="ticks",
        reductions=("slicing",),
        span=Span(SOURCE, 18, 29),
    )


def report_of(*verdicts: Verdict, exhaustive: bool = True) -> Report:
    """A report with a result for each verdict."""
    return Report(
        model="models/m.oom",
        params=(("N", "2"),),
        results=tuple(result_of(verdict, exhaustive) for verdict in verdicts),
        sanitizers=("uninit", "race"),
        dead_code=("m.oom:3: x = 1",),
        warnings=("be careful",),
        chosen=("N",),
        partial="",
    )
