"""Verdicts on what proof engines found: a table, and nothing positive that was not established."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomcheck.ir.expr import FALSE, TRUE
from oomcheck.proof_rows import proof_verdict
from oomcheck.proofs import Bounded, Established, Known, Reached, Undecided
from oomcheck.prop.property import Kind, Part, Property
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import (
    Contradiction,
    Covered,
    HoldsUpTo,
    Proved,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
)
from oomcheck.smt.certificate import Report
from oomcheck.smt.outcome import Proof, Question
from tests import toys
from tests.report.reports import INVARIANT
from tests.report.traces import uninit_trace

NEVER = Property("p", Kind.NEVER, TRUE, antecedents=(Part("a > 0", TRUE), Part("b > 0", TRUE)))
COVER = replace(NEVER, kind=Kind.COVER)
TRACE = uninit_trace()
SHOWN = Established(INVARIANT, Question(toys.counter(1), FALSE), Proof(()), Report((), (), True, ("z3",)))
REACHED = Reached(None, {"N": 3, "M": 1})


@pytest.mark.parametrize(
    ("prop", "known", "trace", "verdict"),
    [
        (NEVER, SHOWN, None, Proved(INVARIANT)),
        (COVER, SHOWN, None, Unreachable(INVARIANT)),
        (NEVER, SHOWN, TRACE, Contradiction(TRACE, INVARIANT)),
        (COVER, SHOWN, TRACE, Contradiction(TRACE, INVARIANT)),
        (NEVER, REACHED, TRACE, Violated(TRACE)),
        (COVER, REACHED, TRACE, Covered(TRACE)),
        (NEVER, Undecided("why"), TRACE, Violated(TRACE)),
        (COVER, Bounded(3, "why"), TRACE, Covered(TRACE)),
        (NEVER, REACHED, None, Unknown("a counterexample at N=3, M=1 could not be found again by search")),
        (NEVER, Bounded(3, "why"), None, HoldsUpTo(3, "why")),
        (COVER, Bounded(3, "why"), None, Unknown("not reached within 3 steps: why")),
        (COVER, Bounded(3, ""), None, Unknown("not reached within 3 steps")),
        (NEVER, Undecided("why", ("line",)), None, Unknown("why", ("line",))),
        (NEVER, replace(SHOWN, vacuous="no run"), None, Vacuous("no run")),
        (NEVER, replace(SHOWN, lacking=(1,)), None, Vacuous("`b > 0` never holds")),
        (NEVER, replace(SHOWN, lacking=(1,), open_parts=(0,)), None, Vacuous("`b > 0` never holds")),
        (
            NEVER,
            replace(SHOWN, open_parts=(0,)),
            None,
            Unknown("proved, but not settled whether `a > 0` ever holds"),
        ),
    ],
)
def test_verdicts(prop: Property, known: Known, trace: Trace | None, verdict: Verdict) -> None:
    """What was found, as a verdict."""
    assert proof_verdict(prop, known, trace, True) == verdict


@pytest.mark.parametrize("prop", [NEVER, COVER])
def test_without_behaviour(prop: Property) -> None:
    """A proof about a system that does nothing is worthless; a doubt about that is a doubt."""
    assert proof_verdict(prop, SHOWN, None, False) == Vacuous("assume leaves no behaviour")
    asked = Unknown("not settled whether the assumptions leave any behaviour")
    assert proof_verdict(prop, SHOWN, None, None) == asked
    assert proof_verdict(prop, Undecided("why"), None, False) == Unknown("why")
