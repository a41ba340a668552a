"""What the engines of this package find out about one question, namely whether a bad state can be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a state of `system` in which `bad` holds can be reached.

    `lemmas` are conditions that the user believes to hold in every reachable state; an engine may use one only after
    it has proved it.
    """

    system: TransitionSystem
    bad: Expr
    lemmas: tuple[Expr, ...] = ()


def silent(_: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one answer may cost. `rlimit` counts Z3's own steps, so that the same run ends the same way everywhere."""

    depth: int | None = None  # largest bound
    seconds: float | None = None
    rlimit: int | None = None
    seed: int = 1
    tell: Callable[[str], None] = silent  # hears what is tried next


@dataclass(frozen=True, slots=True)
class Proof:
    """No bad state can be reached, since the conjuncts together are k-inductive and exclude it.

    With k = 1: they hold initially, each step keeps them, and they imply that the state is not bad. With a larger k the
    condition "all conjuncts and not bad" holds in all states up to k - 1 steps from the initial one, and in each state
    after k states in which it holds; with `simple_path` only paths without a repeated state count, which is enough as
    a shortest way to a bad state repeats none.
    """

    conjuncts: tuple[Expr, ...]
    k: int = 1
    simple_path: bool = False


@dataclass(frozen=True, slots=True)
class Refutation:
    """Transitions (by index) from the initial state to a bad one, at these values of the parameters."""

    steps: tuple[int, ...]
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UpTo:
    """No bad state within so many steps; more was not looked at."""

    depth: int
    reason: str = ""  # why not


@dataclass(frozen=True, slots=True)
class Induction:
    """A counterexample to induction: a path of states, none known to be reachable, whose last one is bad.

    Each state is its values by the name that reports give to a slot; there is one step less than states.
    """

    states: tuple[Mapping[str, int], ...]
    steps: tuple[int, ...]
    broken: str = ""  # the lemma or conjunct that fails in the last state


@dataclass(frozen=True, slots=True)
class Open:
    """No answer, and why. `depth` steps were shown to be free of bad states, -1: none."""

    reason: str
    depth: int = -1
    induction: Induction | None = None


Outcome = Proof | Refutation | UpTo | Open
