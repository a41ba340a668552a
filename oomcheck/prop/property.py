"""Properties, and the sanitizers that every model gets."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Expr
from oomcheck.prop.temporal import Temporal
from oomcheck.records import dataclass


class Kind(Enum):
    """Property kinds that this version decides."""

    INVARIANT = "invariant"
    NEVER = "never"
    COVER = "cover"
    LEMMA = "lemma"
    SANITIZER = "sanitizer"
    DEADLOCK_FREE = "deadlock_free"
    LTL = "ltl"
    LEADS_TO = "leads_to"
    WITHIN = "within"
    BOUND = "bound"


#: Kinds that are about runs, not about states.
ABOUT_RUNS = frozenset({Kind.LTL, Kind.LEADS_TO, Kind.WITHIN, Kind.BOUND})


#: Sanitizers by name; the value says in one sentence what a violation means.
SANITIZERS: dict[str, str] = {
    "uninit": "a local is read before it is written",
    "null": "a NULL reference is dereferenced",
    "lifetime": "an object is used after it was freed",
    "lockdep": "a lock is misused or taken in two orders",
    "refcount": "a reference count underflows or is resurrected",
    "race": "two threads access a plain variable at once and one writes",
    "range": "a value leaves its declared range or an index its array",
    "deadlock": "nobody can move although a thread has not finished",
    "zeno": "threads go on for ever while no time passes",
    "assert": "an assertion fails",
    "unreachable": "a statement is executed in no reachable state",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a formula with its text, for vacuity and for naming what failed."""

    text: str
    formula: Expr


@dataclass(frozen=True, slots=True)
class Property:
    """A property of reachable states.

    `formula` is what must hold (INVARIANT, LEMMA), never hold (NEVER) or hold
    somewhere (COVER); TRUE for sanitizers. Where `defined` is false the formula
    has no meaning (it reads through NULL): invariants and nevers are violated
    there, covers are not covered. `antecedents` must each hold somewhere, or
    the property is vacuous. `rest` marks accepted rest states (deadlock only).
    `temporal` is what a property about runs asks; its `formula` is TRUE.
    """

    name: str
    kind: Kind
    formula: Expr = TRUE
    defined: Expr = TRUE
    sentence: str = ""
    text: str = ""
    antecedents: tuple[Part, ...] = ()
    conjuncts: tuple[Part, ...] = ()
    rest: Expr = FALSE
    temporal: Temporal | None = None
    span: Span | None = field(default=None, compare=False)


def sanitizer(name: str) -> Property:
    """The built-in property of this name."""
    return Property(name, Kind.SANITIZER, sentence=SANITIZERS[name])
