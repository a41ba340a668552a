"""Explicit search: in Python for a small system, as native code for all others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from ctypes import CDLL
from dataclasses import field, replace

from oomcheck.analysis.lassos import Lasso, fair_cycle, fair_run, find_lasso
from oomcheck.analysis.longest import Greatest, Unbounded, greatest_cost, greatest_time
from oomcheck.diag.diagnostic import error
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded, LoadError
from oomcheck.native.build import BuildError, NoCompilerError, Site, Workshop
from oomcheck.native.cache import open_cache
from oomcheck.native.checkpoint import Spill
from oomcheck.native.engine import explore as explore_native
from oomcheck.native.layout import TooWideError
from oomcheck.native.liveness import NativeRuns
from oomcheck.native.lossy_engine import explore as explore_lossy
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
from oomcheck.smaller import lossy_mode, made_smaller, tuning_of
from oomcheck.ways import Lossy, Ways

SMALL = 2_000  # states that Python explores before a compiler has started

_FALLS_BACK = (NoCompilerError, BuildError, LoadError, TooWideError)

_NO_SMALLER_RUNS = "`{name}` is about runs, and for these nothing may be left out"
_NO_LOSSY_RUNS = "`{name}` is about runs, and a lossy search looks at states only"

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

    ways: Ways = Ways()
    small_first: bool = True  # else even the smallest system is compiled
    environ: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[str], None] = _log.warning


class Explicit:
    """Searches of one command; it remembers which compilers work."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._workshop: Workshop | None = None
        self._missing = ""  # why there is no native code
        self._told: set[str] = set()
        self._spill = None if means.ways.spill is None else Spill(means.ways.spill, means.ways.resume)

    def close(self, interrupted: bool) -> None:
        """End of the command: what it spilled to disk goes, unless a search was cut short or others did not begin."""
        if self._spill is not None:
            self._spill.close(interrupted)

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
        ways = self._means.ways
        if ways.lossy is not None:
            return self._explore_lossy(ways.lossy, system, properties, limits, should_stop, progress)
        if self._means.small_first:
            few = _few(limits)
            found = explore_generated(system, properties, few, should_stop, progress)
            if few == limits or found.stopped != state_limit(few):
                return found
            limits = _less(limits, found.seconds)
        smaller = made_smaller(system, properties, ways)
        try:
            found = explore_native(
                smaller.system,
                smaller.properties,
                limits,
                self._build,
                replace(tuning_of(smaller, ways, limits), spill=self._spill),
                should_stop,
                progress,
                system,
            )
        except _FALLS_BACK as problem:
            self._tell(str(problem))
            return explore_generated(system, properties, limits, should_stop, progress)
        return replace(found, reductions=(*smaller.reductions, *found.reductions))

    def _explore_lossy(
        self,
        lossy: Lossy,
        system: TransitionSystem,
        properties: Sequence[Property],
        limits: Limits,
        should_stop: StopCheck | None,
        progress: Report | None,
    ) -> Exploration:
        """A search that may leave states out. Raises OomcheckError E0508 where there is none."""
        try:
            return explore_lossy(
                system,
                properties,
                limits,
                self._build,
                lambda words: self._part("lossy", words),
                lossy_mode(lossy, self._means.ways.threads),
                should_stop,
                progress,
            )
        except _FALLS_BACK as problem:
            raise error("E0508", f"a lossy search is native code: {problem}") from problem

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
        if self._means.ways.lossy is not None:
            raise error("E0508", _NO_LOSSY_RUNS.format(name=properties[0].name.rpartition(":")[2]))
        if self._means.ways.demanded:
            raise error("E0508", _NO_SMALLER_RUNS.format(name=properties[0].name.rpartition(":")[2]))
        question = (system, conditions, properties)
        if self._means.small_first:
            few = _few(limits)
            found = survey_generated(*question, few, should_stop, progress)
            if few == limits or found.exploration.stopped != state_limit(few):
                return found, PLAIN
            limits = _less(limits, found.exploration.seconds)
        try:
            found = survey_native(*question, limits, self._build, should_stop, progress)
            runs = NativeRuns(RunCore(self._part("runs", 1)))
        except (*_FALLS_BACK, TooManyConditionsError) as problem:
            self._tell(str(problem))
            return survey_generated(*question, limits, should_stop, progress), PLAIN
        return found, Algorithms(
            runs.find_lasso, runs.fair_run, runs.fair_cycle, runs.greatest_cost, runs.greatest_time
        )

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


def _few(limits: Limits) -> Limits:
    """The limits, with no more states than a small system has."""
    return replace(limits, max_states=SMALL if limits.max_states is None else min(SMALL, limits.max_states))


def _less(limits: Limits, seconds: float) -> Limits:
    """What the limits leave after so many seconds."""
    return limits if limits.timeout is None else replace(limits, timeout=max(limits.timeout - seconds, 1e-9))
