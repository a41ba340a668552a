"""What is told about a trace; every claim in it was established by a search of all states, or says that it was not."""

from __future__ import annotations

from enum import Enum

from oomcheck.records import dataclass
from oomcheck.result.trace import Trace


class Need(Enum):
    """Whether the violation goes away without something."""

    NEEDED = "needed"  # all runs without it were searched, and none violates the property
    NOT_NEEDED = "not_needed"  # a run without it violates the property too
    UNDECIDED = "undecided"


class Sort(Enum):
    """What can be left out; `explaining.reduced` says what is left then."""

    THREAD = "thread"
    GROUP = "group"  # all threads of an array
    ENVIRONMENT = "environment"  # an action of an environment, or an interrupt handler
    DELAY = "delay"  # that a pause takes time at all
    LENGTH = "length"  # that a pause takes longer than it must
    LATENESS = "lateness"  # that a thread runs later than it could
    STATEMENT = "statement"  # what a statement does to others


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands in the texts: the kernel reference, the file of the model and the line; "" and 0: unknown."""

    source: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """Something of the trace, and whether it is needed.

    `step` is the first step that shows it, 0 if none does. `reason` says why it is not decided, or what else
    should be known, as a clause.
    """

    sort: Sort
    process: str
    text: str
    place: Place
    step: int
    need: Need
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Two steps of different threads, by number, the first of which must come first.

    `shared` is what one of them writes and the other reads or writes. `need` is NEEDED if in every violating run the
    statement of `second` runs after that of `first` has. `free` tells whether the model lets `second`
    come first, so that the order is a matter of luck; None if that is not known.
    """

    first: int
    second: int
    shared: str
    need: Need
    free: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Between its steps `opens` and `closes` a thread is open to the steps `begins` to `ends` of another thread."""

    opens: int
    closes: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A part of the property that decides at the end: so since state `since`; `step` made it so, 0 if none did.

    It is false at the end if `wanted`, else true; of a cover it is true, as wanted.
    """

    text: str
    since: int
    step: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class Switches:
    """Thread switches and steps of the trace shown, and of the one that was given.

    `least` tells that no run to such an end has fewer switches, `shortest` that none with as many has fewer steps;
    `reason` says why that is not known.
    """

    switches: int
    steps: int
    given_switches: int
    given_steps: int
    least: bool
    shortest: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known. `enough` are the threads without which nothing else moves in the trace shown.

    `alone` says that all questions were about the fault or data race that the trace shows, not about others of the
    same sanitizer. `partial` says why not everything was tried: "" or a reason. `paragraph` is a list of sentences.
    """

    trace: Trace
    switches: Switches
    items: tuple[Item, ...]
    enough: tuple[str, ...]
    orders: tuple[Order, ...]
    windows: tuple[Window, ...]
    failed: tuple[Failed, ...]
    paragraph: tuple[str, ...]
    alone: bool = False
    partial: str = ""

    def of(self, need: Need) -> tuple[Item, ...]:
        """The items with this answer."""
        return tuple(item for item in self.items if item.need is need)
