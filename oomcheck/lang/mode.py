"""How a model is lowered: with time or without, and which costs are counted."""

from __future__ import annotations

from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Mode:
    """The reading of a model that a check asks for.

    Untimed, a `delay` is a step, an armed timer may fire at any time and nothing has a length. Timed, `slack` is
    how many ticks a runnable thread may be late that does not say so itself; None is any number. Statements
    with a cost show that they wait only for the counters in `costs`.
    """

    timed: bool = False
    slack: int | None = None
    costs: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """How reports call it."""
        if not self.timed:
            return "untimed"
        return "timed, declared slack" if self.slack is None else f"timed, slack {self.slack}"


#: The reading in which nothing has a length.
UNTIMED = Mode()
