"""Gates to print: with something of every kind, a green one, and random ones with texts that formats stumble over."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from oomcheck.diag.diagnostic import Diagnostic, Severity
from oomcheck.diag.span import Source, Span
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import (
    Contradiction,
    Covered,
    DeadCode,
    Holds,
    HoldsUpTo,
    Proved,
    Report,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
    Word,
    word,
)
from tests.report.reports import HOLDS, INVARIANT, full_report, proof_report
from tests.report.traces import stuck_trace, uninit_trace

SPEC = Source("specs/broken.oomspec", 'spec for "../models/broken.oom"\n\nproperty p: never x > 1\n')

#: A name that is nowhere declared.
UNKNOWN_NAME = Diagnostic(
    "E0201", "unknown name `x`", Span(SPEC, 51, 52), "did you mean `y`?", ("declared names: y, z",)
)


def green_gate() -> GateReport:
    """Two specs in which all is as expected, one of them from the cache and with skipped checks."""
    good = tuple(result for result in full_report().results if result.ok)
    report = replace(full_report(), results=good, warnings=(), dead_code=())
    window = replace(
        HOLDS, identity="window/base/sees_frozen[FREEZE=ANY_TIME,N=2]", prop="sees_frozen", params=(("N", "2"),)
    )
    return GateReport(
        folder="specs",
        entries=(
            Gated("specs/oom_freezer.oomspec", "models/oom_freezer.oom", report, seconds=1.25),
            Gated(
                "specs/window.oomspec",
                "models/window.oom",
                replace(report, model="models/window.oom", results=(window,)),
                cached=True,
                seconds=0.004,
                skipped=("big", "huge"),
            ),
        ),
        quick=True,
        seconds=1.5,
    )


def full_gate() -> GateReport:
    """A gate with every verdict, wrong files, a process that died, a spec without results, and complaints."""
    return GateReport(
        folder="specs",
        entries=(
            Gated("specs/broken.oomspec", "models/broken.oom", None, (UNKNOWN_NAME,)),
            Gated("specs/crash.oomspec", "models/crash.oom", None, failure="killed by signal 9"),
            Gated("specs/empty.oomspec", "models/empty.oom", Report("models/empty.oom", (), (), ())),
            Gated("specs/oom_freezer.oomspec", "models/oom_freezer.oom", full_report(), seconds=2.5),
            Gated("specs/proofs.oomspec", "models/oom_freezer.oom", proof_report(), cached=True, skipped=("big",)),
        ),
        complaints=("oom_freezer/gone/p is in the baseline but was not checked", "26 checks, the baseline has 27"),
        seconds=3.75,
    )


def partial_gate() -> GateReport:
    """An interrupted run, of which everything that is known is good."""
    gate = green_gate()
    first = gate.entries[0]
    assert first.report is not None
    cut = replace(first, report=replace(first.report, partial="interrupted"))
    return replace(gate, entries=(cut, *gate.entries[1:]), partial="interrupted")


#: Texts that mean something in one of the formats.
NASTY = (
    "]]>",
    "-->",
    "<b>&amp;",
    "```` fence",
    "a\nb\r\nc",
    "100%0A",
    "::error file=x::y",
    "##[group]z",
    "a,b:c",
    "# SKIP no",
    "ok 1 x",
    "{0} {1}",
    "[x](1)",
    "| a | b |",
    "</details>",
    "\x1b[2J\x00\x85\ufffe",
    "\N{PILE OF POO} ≤",
    "../../etc/passwd",
    "C:\\x y",
    "@someone $x$ :tada: ~~y~~ **z** `q`",
    "",
)

texts = st.one_of(
    st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.just("oom_kill")
)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Any verdict, with any text in it."""
    trace = draw(st.sampled_from([uninit_trace(), stuck_trace()]))
    text = draw(texts)
    ending = replace(trace.ending, message=text, file=draw(texts), text=draw(texts), line=draw(st.integers(0, 99)))
    steps = tuple(replace(step, text=text, file=text, line=step.number % 2) for step in trace.steps)
    trace = replace(trace, steps=steps, ending=ending, identity=text, sentence=draw(texts))
    choices: list[Verdict] = [
        Holds(),
        Violated(trace),
        DeadCode((f"{text}:7: x",)),
        Covered(trace),
        Proved(INVARIANT),
        HoldsUpTo(3, text),
        Unreachable(),
        Vacuous(text),
        Unknown(text, (text,)),
        Contradiction(trace, INVARIANT),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def results(draw: st.DrawFn) -> Result:
    """A row whose `ok` is what its verdict and expectation make of it."""
    verdict = draw(verdicts())
    found = word(verdict).value
    expected = draw(st.sampled_from(["", found, "violated", "holds"]))
    good = found in ("holds", "proved", "covered", "unreachable") if not expected else found == expected
    identity = "/".join(draw(st.lists(texts, min_size=1, max_size=4)))
    return replace(
        HOLDS,
        identity=identity,
        prop=draw(texts),
        kind=draw(st.sampled_from(["sanitizer", "never"])),
        verdict=verdict,
        expected=expected,
        ok=good and verdict.__class__ is not Contradiction,
        note=draw(st.sampled_from(["", "elsewhere\nthan expected"])),
        sentence=draw(texts),
        because=draw(texts),
        source=draw(texts),
        seconds=draw(st.sampled_from([0.0, 0.25, 12345.6789])),
        params=((draw(texts), draw(texts)),),
    )


@st.composite
def entries(draw: st.DrawFn) -> Gated:
    """What one spec gave: a report, or why there is none."""
    kind = draw(st.sampled_from(["report", "report", "report", "diagnostics", "failure", "skipped"]))
    entry = Gated(draw(texts), draw(texts), None, cached=draw(st.booleans()), seconds=0.5)
    if kind == "failure":
        return replace(entry, failure=draw(texts.filter(bool)))
    if kind == "skipped":
        return replace(entry, skipped=(draw(texts),))
    source = Source(draw(texts), "ab\ncd\n")
    severity = Severity.ERROR if kind == "diagnostics" else Severity.WARNING
    span = draw(st.sampled_from([None, Span(source, 1, 2), Span(source, 4, 4)]))
    told = tuple(Diagnostic("E0201", text, span, text, (text,), severity) for text in draw(st.lists(texts, max_size=2)))
    if kind == "diagnostics":
        return replace(entry, diagnostics=told)
    report = Report(
        entry.model,
        ((draw(texts), draw(texts)),),
        tuple(draw(st.lists(results(), max_size=3))),
        (),
        (draw(texts),),
        tuple(draw(st.lists(texts, max_size=1))),
        partial=draw(st.sampled_from(["", "", "", "interrupted"])),
    )
    return replace(entry, report=report, diagnostics=told, skipped=tuple(draw(st.lists(texts, max_size=2))))


def gates() -> st.SearchStrategy[GateReport]:
    """Any gate."""
    return st.builds(
        GateReport,
        texts,
        st.lists(entries(), max_size=3).map(tuple),
        st.lists(texts, max_size=1).map(tuple),
        st.sampled_from(["", "", "", "terminated"]),
        st.booleans(),
        st.just(1.5),
    )


#: The words of verdicts as reports print them.
TITLES = frozenset(one.title for one in Word)
