"""Facts that a transform derived with a system: believed no more than others, but shown all at once."""

from __future__ import annotations

from collections.abc import Sequence

import z3

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt.consecution import holds_initially
from oomcheck.smt.outcome import Budget
from oomcheck.smt.single import Failed, Single


def inductive(system: TransitionSystem, facts: Sequence[Expr], budget: Budget) -> tuple[Expr, ...]:
    """The facts if they hold initially and every step keeps them together; none of them if that is not shown."""
    try:
        if not all(holds_initially(system, fact, budget) for fact in facts):
            return ()
        everything = range(len(facts))
        kept = Single(system, tuple(facts), budget).kept(everything, everything)
        return () if isinstance(kept, Failed) else tuple(facts)
    except z3.Z3Exception:
        return ()
