"""Where verdicts are decided: what a search found, and what was expected."""

from __future__ import annotations

from oomcheck.ir.system import ASSUME as ASSUME
from oomcheck.ir.system import CoverPoint
from oomcheck.prop.property import Kind, Property
from oomcheck.result.exploration import Exploration
from oomcheck.result.verdict import (
    Bounded,
    DeadCode,
    Holds,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Word,
    trace_of,
    word,
)
from oomcheck.rows import Row


def place_of(point: CoverPoint) -> str:
    """A statement as reports name it: place and text."""
    assert point.span is not None
    return f"{point.span.path}:{point.span.line}: {point.text}"


def decide(prop: Property, found: Exploration, dead: tuple[str, ...] = (), behaviour: bool | None = True) -> Verdict:
    """The verdict on a property that has no witness; a positive one only if nothing was left out.

    `behaviour` tells whether assumptions leave any, None if that is not known.
    """
    if found.stopped:
        return Unknown(f"{found.stopped}: {found.states} states, depth {found.depth}")
    halted = sorted(found.halted - {ASSUME})
    if halted:
        return Unknown(f"behaviour ends at a fault that has no meaning beyond it: {', '.join(halted)}")
    if prop.kind is Kind.SANITIZER and prop.name == "unreachable" and dead:
        return DeadCode(dead)
    if behaviour is None:
        return Unknown("not settled whether the assumptions leave any behaviour")
    if not behaviour:
        return Vacuous("assume leaves no behaviour")
    if prop.kind is Kind.COVER:
        return Unreachable()
    missing = [part.text for n, part in enumerate(prop.antecedents) if (prop.name, n) not in found.antecedents]
    if missing:
        return Vacuous(f"`{missing[0]}` never holds")
    return Holds()


def judge(row: Row, verdict: Verdict, sources: tuple[str, ...] = ()) -> tuple[bool, str]:
    """Whether a verdict is the expected one, and if not, why; `sources` are the places of dead code."""
    found = word(verdict)
    expect = row.check.expect if row.named else ""
    if not expect:
        return found in (Word.HOLDS, Word.PROVED, Word.COVERED), ""
    if found.value != expect and (found.value, expect) != (Word.PROVED.value, Word.HOLDS.value):
        return False, f"expected {expect}"
    if row.check.value is not None and isinstance(verdict, Bounded) and verdict.value != row.check.value:
        return False, f"expected the worst value {row.check.value}, found {verdict.value}"
    trace = trace_of(verdict)
    places = sources if trace is None else (trace.ending.source,)
    if row.check.at and row.check.at not in places:
        elsewhere = ", ".join(dict.fromkeys(filter(None, places))) or "a place without reference"
        return False, f"expected at {row.check.at}, found at {elsewhere}"
    return True, ""
