"""Explicit search: in Python for a small system, as native code for all others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded, LoadError
from oomcheck.native.build import BuildError, NoCompilerError, Site, Workshop
from oomcheck.native.cache import open_cache
from oomcheck.native.engine import Tuning
from oomcheck.native.engine import explore as explore_native
from oomcheck.native.layout import TooWideError
from oomcheck.prop.property import Property
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import Report, StopCheck, state_limit

SMALL = 2_000  # states that Python explores before a compiler has started

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What searches may use. `tell` hears of what makes them slower, once for each cause."""

    threads: int = 1
    small_first: bool = True  # else even the smallest system is compiled
    environ: Mapping[str, str] = {}
    tell: Callable[[str], None] = _log.warning


class Explicit:
    """Searches of one command; it remembers which compilers work."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._workshop: Workshop | None = None
        self._missing = ""  # why there is no native code
        self._told: set[str] = set()

    def explore(
        self,
        system: TransitionSystem,
        properties: Sequence[Property],
        limits: Limits,
        should_stop: StopCheck | None = None,
        progress: Report | None = None,
    ) -> Exploration:
        """The same as `semantics.search.explore`, with the same result where nothing ends the search early.

        Raises OomcheckError E0506 if the user chose a compiler that does not work.
        """
        if self._means.small_first:
            found = self._first(system, properties, limits, should_stop)
            if found is not None:
                return found
        try:
            tuning = Tuning(self._means.threads)
            return explore_native(system, properties, limits, self._build, tuning, should_stop, progress)
        except (NoCompilerError, BuildError, LoadError, TooWideError) as problem:
            self._tell(str(problem))
        return explore_generated(system, properties, limits, should_stop, progress)

    def _first(
        self, system: TransitionSystem, properties: Sequence[Property], limits: Limits, should_stop: StopCheck | None
    ) -> Exploration | None:
        """The result if the system is small; None if it has more states, or fewer are allowed anyway."""
        if limits.max_states is not None and limits.max_states <= SMALL:
            return None
        few = Limits(SMALL, limits.timeout, limits.max_memory, limits.depth)
        found = explore_generated(system, properties, few, should_stop)
        return None if found.stopped == state_limit(few) else found

    def _build(self, words: int, text: str) -> Loaded:
        if self._missing:
            raise NoCompilerError(self._missing)
        if self._workshop is None:
            self._workshop = Workshop(Site(open_cache(self._means.environ), self._means.environ))
        try:
            made = self._workshop.libraries(words, text)
            try:
                return Loaded(made.core, made.model)
            except LoadError:  # an entry that was pruned between the two; nothing else can be wrong with it
                made = self._workshop.libraries(words, text)
                return Loaded(made.core, made.model)
        except NoCompilerError as problem:
            self._missing = str(problem)
            raise

    def _tell(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            self._means.tell(f"no native search, so this takes about a hundred times longer: {reason}")
