"""Search and proof side by side: the first sound answer about a property wins, and two that differ are an alarm."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from oomcheck.proofs import BEAT, Asked, Established, Proving, Reached, Settled
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration

HEAD_START: Final = 3.0  # seconds of a search alone: most end before, and a proof takes a core from it
SETTLED: Final = "settled by proof"
SIZES: Final = 3  # how many sizes of an open parameter a search looks at

StopCheck = Callable[[], str]


class Aside:
    """Proofs of the properties that a search is busy with; the process starts when the search is not soon over.

    `stop` goes into the search. It says SETTLED once every property of `asked` has a proof or a refutation.
    """

    def __init__(self, asked: Asked, should_stop: StopCheck | None, head_start: float = HEAD_START) -> None:
        self._asked = asked
        self._should_stop = should_stop
        self._start = time.perf_counter() + head_start
        self._end = None if asked.limits.timeout is None else time.perf_counter() + asked.limits.timeout
        self._proving: Proving | None = None

    def stop(self) -> str:
        """Why the search should end now, "" to go on."""
        reason = self._should_stop() if self._should_stop is not None else ""
        if reason:
            return reason
        if self._proving is None:
            if time.perf_counter() < self._start:
                return ""
            self._proving = Proving(self._asked)
        self._proving.look(0.0)
        return SETTLED if self._proving.done and all(map(_sound, self.settled.values())) else ""

    def wait(self) -> None:
        """Wait for the proofs, as the search ended at a limit; they keep to theirs."""
        while self._proving is not None and not self._proving.done:
            self._proving.look(BEAT)
            if self._should_stop is not None and self._should_stop():
                return
            if self._end is not None and time.perf_counter() > self._end:
                return

    @property
    def settled(self) -> Mapping[str, Settled]:
        """What is known by now, by name of the property."""
        return {} if self._proving is None else self._proving.settled

    def close(self) -> None:
        """End the process."""
        if self._proving is not None:
            self._proving.close()


def _sound(settled: Settled) -> bool:
    """Whether this is an answer, not the lack of one."""
    return isinstance(settled.known, Established | Reached)


@dataclass(frozen=True, slots=True)
class Searched:
    """A search of the system in which open parameters have these values."""

    values: Mapping[str, int]
    exploration: Exploration


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known of properties for every value of the open parameters.

    `settled` is by proof. `seen` has for each property with a witness at some values the search that found it.
    """

    settled: Mapping[str, Settled]
    seen: Mapping[str, Searched]


Search = Callable[[Mapping[str, int], Sequence[str]], Exploration]


def open_ended(
    asked: Asked,
    search: Search,
    should_stop: StopCheck | None,
    sizes: int = SIZES,
    tell: Callable[[str, float], None] | None = None,
) -> Opened:
    """Prove what is asked of a system with open parameters, and search its smallest instances meanwhile.

    `search` looks for witnesses of the named properties at given values. The instances are searched even if all is
    proved before: what a proof says of all of them must be true of these. A counterexample of a proof engine
    is searched for at its values. `tell` hears what is tried, and for how many seconds all has been going on.
    """
    proving = Proving(asked)
    seen: dict[str, Searched] = {}
    try:
        for more in range(sizes):
            _look_at({name: low + more for name, low in asked.open.items()}, asked, search, seen)
            proving.look(0.0)
        start = time.perf_counter()
        while not proving.done and not all(prop.name in seen for prop in asked.properties):
            proving.look(BEAT)
            if tell is not None:
                tell(proving.phase, time.perf_counter() - start)
            reason = should_stop() if should_stop is not None else ""
            if asked.limits.timeout is not None and time.perf_counter() - start > asked.limits.timeout:
                reason = f"time limit {asked.limits.timeout:g} s"
            if reason:
                proving.give_up(reason)
        proving.give_up("a counterexample was found first")
        for settled in list(proving.settled.values()):
            if isinstance(settled.known, Reached):
                _look_at(settled.known.values, asked, search, seen)
        return Opened(dict(proving.settled), seen)
    finally:
        proving.close()


def _look_at(values: Mapping[str, int], asked: Asked, search: Search, seen: dict[str, Searched]) -> None:
    """Search at these values for what has no witness yet."""
    names = [prop.name for prop in asked.properties if prop.name not in seen]
    if names:
        found = search(values, names)
        seen.update({name: Searched(values, found) for name in names if name in found.witnesses})
