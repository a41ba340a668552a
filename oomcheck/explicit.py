"""Explicit search: in Python for a small system, as native code for all others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from ctypes import CDLL

from oomcheck.analysis.lassos import Lasso, fair_cycle, fair_run, find_lasso
from oomcheck.analysis.longest import Greatest, Unbounded, greatest_cost, greatest_time
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded, LoadError
from oomcheck.native.build import BuildError, NoCompilerError, Site, Workshop
from oomcheck.native.cache import open_cache
from oomcheck.native.engine import Tuning
from oomcheck.native.engine import explore as explore_native
from oomcheck.native.layout import TooWideError
from oomcheck.native.liveness import NativeRuns
from oomcheck.native.run_core import RunCore
from oomcheck.native.survey import TooManyConditionsError
from oomcheck.native.survey import survey as survey_native
from oomcheck.prop.property import Property
from oomcheck.pygen.graph import survey as survey_generated
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.budget import Report, StopCheck, state_limit
from oomcheck.semantics.graph import Survey

SMALL = 2_000  # states that Python explores before a compiler has started

_FALLS_BACK = (NoCompilerError, BuildError, LoadError, TooWideError)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What answers questions about the runs of a graph; each is told where its plain form is."""

    find_lasso: Callable[..., Lasso | None]  # analysis.lassos
    fair_run: Callable[..., Lasso | None]
    fair_cycle: Callable[..., Lasso | None]
    greatest_cost: Callable[..., Greatest | Unbounded]  # analysis.longest
    greatest_time: Callable[..., Greatest | Unbounded | None]


PLAIN = Algorithms(find_lasso, fair_run, fair_cycle, greatest_cost, greatest_time)


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
        except _FALLS_BACK as problem:
            self._tell(str(problem))
        return explore_generated(system, properties, limits, should_stop, progress)

    def survey(
        self,
        system: TransitionSystem,
        conditions: Sequence[Expr],
        properties: Sequence[Property],
        limits: Limits,
        should_stop: StopCheck | None = None,
        progress: Report | None = None,
    ) -> tuple[Survey, Algorithms]:
        """The same as `semantics.graph.survey`, with the same result, and the algorithms that fit it."""
        question = (system, conditions, properties)
        if self._means.small_first and not _allows_few(limits):
            found = survey_generated(*question, _few(limits), should_stop)
            if found.exploration.stopped != state_limit(_few(limits)):
                return found, PLAIN
        try:
            found = survey_native(*question, limits, self._build, should_stop, progress)
            runs = NativeRuns(RunCore(self._part("runs", 1)))
        except (*_FALLS_BACK, TooManyConditionsError) as problem:
            self._tell(str(problem))
            return survey_generated(*question, limits, should_stop, progress), PLAIN
        return found, Algorithms(
            runs.find_lasso, runs.fair_run, runs.fair_cycle, runs.greatest_cost, runs.greatest_time
        )

    def _first(
        self, system: TransitionSystem, properties: Sequence[Property], limits: Limits, should_stop: StopCheck | None
    ) -> Exploration | None:
        """The result if the system is small; None if it has more states, or fewer are allowed anyway."""
        if _allows_few(limits):
            return None
        found = explore_generated(system, properties, _few(limits), should_stop)
        return None if found.stopped == state_limit(_few(limits)) else found

    def _part(self, part: str, words: int) -> CDLL:
        """A part of the runtime that few searches need."""
        assert self._workshop is not None, "it is needed after a core"
        return CDLL(str(self._workshop.part(part, words)))

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


def _allows_few(limits: Limits) -> bool:
    """Whether no more states are allowed than a small system has."""
    return limits.max_states is not None and limits.max_states <= SMALL


def _few(limits: Limits) -> Limits:
    return Limits(SMALL, limits.timeout, limits.max_memory, limits.depth)
