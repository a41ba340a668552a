"""What the process of a solver is told to settle, and what it answers."""

from __future__ import annotations

from enum import Enum

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.smt.outcome import Budget, Outcome, Question


class Method(Enum):
    """Engines; the value is the name in flags."""

    BMC = "bmc"
    KIND = "kind"
    PDR = "pdr"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Lemma:
    """What the user believes to hold in every reachable state, by the name it has in the spec; or what was `derived`.

    What was derived with the system takes the place of invariants that are guessed, and must be proved all the same.
    """

    name: str
    formula: Expr
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A property to settle.

    `bad` holds in the states that decide it; `halts` where the behaviour has no meaning beyond, so that a positive
    answer needs that to be unreachable as well. Each of `antecedents` must hold somewhere; they are told by number.
    `edges` are orders in which locks may be taken, for `lockdep`: those that can be reached must close no circle.
    """

    name: str
    system: TransitionSystem
    bad: Expr
    halts: Expr
    antecedents: tuple[Expr, ...] = ()
    edges: tuple[tuple[LockEdge, Expr], ...] = ()
    lemmas: tuple[Lemma, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one target, by which method.

    A proof is of `question`, with the lemmas that it rests on by name. `never` are the antecedents that no reachable
    state satisfies, `unsettled` those of which nothing is known. `halting` says that a refutation ends where the
    behaviour has no meaning, not in a bad state; `paths` of a refutation by a circle of locks lead to its edges.
    """

    name: str
    method: Method
    outcome: Outcome
    seconds: float = 0.0
    question: Question | None = None
    lemmas: tuple[str, ...] = ()
    never: tuple[int, ...] = ()
    unsettled: tuple[int, ...] = ()
    halting: bool = False
    paths: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A word between two answers: what is tried for a target."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """All that one process settles."""

    targets: tuple[Target, ...]
    method: Method
    budget: Budget
