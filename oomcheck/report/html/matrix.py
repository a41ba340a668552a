"""The matrix of checks as values for a template: one block for each spec, one row for each result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from oomcheck.diag.render import render_text
from oomcheck.records import dataclass
from oomcheck.report.rows import UNTIMED, Status, plural, reason, status, status_text, verdict_text
from oomcheck.report.wording import plain
from oomcheck.result.gated import Gated
from oomcheck.result.verdict import Result, Unknown, Word, invariant_of, trace_of, word

#: A sign for each verdict word, so that no cell depends on its colour.
SIGNS: Final[Mapping[Word, str]] = {
    Word.HOLDS: "H",
    Word.HOLDS_UP_TO: "h",
    Word.PROVED: "P",
    Word.VIOLATED: "V",
    Word.COVERED: "C",
    Word.UNREACHABLE: "U",
    Word.VACUOUS: "0",
    Word.UNKNOWN: "?",
    Word.ERROR: "!",
}

#: Class of a row, by which the page colours and filters it.
TONES: Final[Mapping[Status, str]] = {Status.OK: "ok", Status.FAIL: "fail", Status.UNDECIDED: "open"}


@dataclass(frozen=True, slots=True)
class Line:
    """One result. `slug` names the row within the page; `trace` is the slug of its trace, "" if it is not there.

    `facts` are pairs of a title and a text for those who want to know more; `lines` is preformatted text.
    """

    slug: str
    check: str
    prop: str
    variant: str
    sign: str
    tone: str
    title: str
    verdict: str
    status: str
    expected: str
    states: str
    seconds: str
    trace: str
    left_out: bool
    facts: tuple[tuple[str, str], ...]
    lines: str

    @property
    def search(self) -> str:
        """The text that the filter of the page looks at."""
        told = [
            self.slug,
            self.check,
            self.prop,
            self.variant,
            self.verdict,
            self.status,
            *(text for _, text in self.facts),
        ]
        return " ".join(told).lower()


@dataclass(frozen=True, slots=True)
class Block:
    """One spec: its rows, or what kept it from being checked. `notes` are remarks of the report as a whole."""

    spec: str
    model: str
    lines: tuple[Line, ...]
    broken: str
    timing: str
    notes: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def checks(self) -> list[tuple[str, list[Line]]]:
        """The rows of each check, in order."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.check, []).append(line)
        return list(found.items())


def block(entry: Gated, slugs: Iterator[str], traces: Collection[str]) -> Block:
    """The block of a spec. `slugs` gives the names of its rows, of which `traces` have theirs in the page."""
    report = entry.report
    broken = [plain(entry.failure, False)] if entry.failure else []
    broken += [render_text(one) for one in entry.diagnostics]
    if report is None:
        left_out = (("left out by a quick run", tuple(plain(name, False) for name in entry.skipped)),)
        notes = left_out if entry.skipped else ()
        return Block(plain(entry.spec, False), plain(entry.model, False), (), "\n".join(broken), "", notes)
    timing = f"{entry.seconds:.2f} s" + (", from the cache" if entry.cached else "")
    if report.partial:
        broken.append(f"PARTIAL ({plain(report.partial, False)}): these are not all results")
    remarks = [
        ("parameters", [f"{name}={value}" for name, value in report.params if name in report.chosen]),
        ("warnings", list(report.warnings)),
        ("dead code, executed in no reachable state", list(report.dead_code)),
        ("left out by a quick run", list(entry.skipped)),
        ("sanitizers", [", ".join(report.sanitizers)] if report.sanitizers else []),
    ]
    return Block(
        plain(entry.spec, False),
        plain(report.model, False),
        tuple(_line(result, next(slugs), traces) for result in report.results),
        "\n".join(broken),
        timing,
        tuple((title, tuple(plain(text, False) for text in texts)) for title, texts in remarks if texts),
    )


def _line(result: Result, slug: str, traces: Collection[str]) -> Line:
    """A row; its name within the spec is that of the check, then the property with its parameters."""
    _, _, rest = result.identity.partition("/")
    check, _, prop = rest.rpartition("/")
    name, bracket, variant = prop.partition("[")
    found = word(result.verdict)
    return Line(
        slug=slug,
        check=plain(check, False),
        prop=plain(name or result.prop, False),
        variant=plain(bracket + variant, False),
        sign=SIGNS[found],
        tone=TONES[status(result)],
        title=found.title,
        verdict=plain(verdict_text(result), False),
        status=plain(status_text(result), False),
        expected=plain(result.expected.replace("_", " "), False),
        states=f"{result.states:,}" if result.states else "",
        seconds=f"{result.seconds:.2f}",
        trace=slug if slug in traces else "",
        left_out=trace_of(result.verdict) is not None and slug not in traces,
        facts=tuple((title, plain(text, False)) for title, text in _facts(result) if text),
        lines="\n".join(plain(line, False) for line in _preformatted(result)),
    )


def _facts(result: Result) -> Iterable[tuple[str, str]]:
    """What a row tells when it is opened."""
    yield "property", result.sentence
    yield "because", result.because
    yield "reason", reason(result)
    yield "parameters", " ".join(f"{name}={value}" for name, value in result.params)
    yield "time", "" if result.timing == UNTIMED else result.timing
    counts = [plural(result.transitions, "transition"), f"depth {result.depth}"] if result.states else []
    yield "engine", ", ".join([result.engine, *counts])
    yield "reduced by", ", ".join(result.reductions)
    proof = invariant_of(result.verdict)
    yield "certificate", "" if proof is None else proof.folder


def _preformatted(result: Result) -> list[str]:
    """The invariant of a proof, or the counterexample to induction."""
    proof = invariant_of(result.verdict)
    if proof is not None:
        return ["inductive invariant:", *(f"  {line}" for one in proof.conjuncts for line in one.splitlines())]
    return list(result.verdict.induction) if isinstance(result.verdict, Unknown) else []
