"""What properties about runs ask, in the terms of a transition system."""

from __future__ import annotations

from enum import Enum

from oomcheck.ir.expr import Expr
from oomcheck.prop.formula import Formula
from oomcheck.records import dataclass


class FairnessKind(Enum):
    """What a run owes to a set of steps.

    WEAK: if from some point on some step of the set is always enabled, one is taken again and again.
    STRONG: if some step of the set is enabled again and again, one is taken again and again.
    PROGRESS: one is taken again and again.

    A step that is due and a false assumption counts as enabled: it is owed, and whoever takes it has no run.
    """

    WEAK = "weak"
    STRONG = "strong"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Fairness:
    """An assumption about the scheduler: `steps` are transition indices, `name` is for people."""

    name: str
    kind: FairnessKind
    steps: frozenset[int]


@dataclass(frozen=True, slots=True)
class Liveness:
    """Every run that keeps all of `fairness` satisfies `formula` from its first state on."""

    formula: Formula
    fairness: tuple[Fairness, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """Time in ticks from a state where `trigger` holds to the first one where `response` does.

    At most `limit` in every run; None asks for the greatest value. A trigger that is answered in its own state takes
    no time. A second trigger before the answer starts nothing new.
    """

    trigger: Expr
    response: Expr
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class CostBound:
    """Sum that the cost counter `name` reaches in a run: at most `limit`; None asks for the greatest value."""

    name: str
    limit: int | None = None


Temporal = Liveness | Response | CostBound
