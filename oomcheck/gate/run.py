"""Runs a gate: what an earlier run found on the same content, and fresh checks of the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from oomcheck.diag.diagnostic import error
from oomcheck.gate.cache import Cache, open_cache
from oomcheck.gate.options import GateOptions, Standing
from oomcheck.gate.outcome import Outcome
from oomcheck.gate.suite import Suite, SuiteSpec
from oomcheck.records import dataclass
from oomcheck.result.gated import Gated, GateReport

if TYPE_CHECKING:
    from oomcheck.gate.fresh import Checked


@dataclass(frozen=True, slots=True)
class _Known:
    """An outcome, and what it took this run to know it."""

    outcome: Outcome
    seconds: float
    cached: bool = False


def run_gate(suite: Suite, options: GateOptions) -> GateReport:
    """Check all specs of a suite; the entries are in its order, whatever was done first.

    A spec or model with errors, and a process that dies, make an entry that says so; the others go on. Raises E0006 if
    a glob fits nothing in the whole suite, or nothing is left to check.
    """
    start = time.perf_counter()
    threads = _threads(suite, options)
    cache = open_cache(options, threads)
    outcomes = {} if cache is None else _known(suite, cache)
    for done in _fresh(suite, outcomes.keys(), cache, options, threads):
        outcomes[done.number] = _Known(done.outcome, done.seconds)
    stopped = _stopped(suite, outcomes, options)
    if not stopped:
        _check_globs(suite, [known.outcome for known in outcomes.values()], options)
    entries = tuple(
        _entry(spec, outcomes[number])
        for number, spec in enumerate(suite.specs)
        if number in outcomes and _shown(outcomes[number].outcome, options)
    )
    return GateReport(suite.folder, entries, (), stopped, options.quick, time.perf_counter() - start)


def _stopped(suite: Suite, outcomes: Mapping[int, _Known], options: GateOptions) -> str:
    """Why results are missing, "" if none is."""
    reports = [known.outcome.report for known in outcomes.values() if known.outcome.report is not None]
    partial = next((report.partial for report in reports if report.partial), "")
    if not partial and len(outcomes) == len(suite.specs):
        return ""
    return (options.should_stop() if options.should_stop is not None else "") or partial or "stopped"


def _threads(suite: Suite, options: GateOptions) -> int:
    """Threads of a search: the same whatever is cached, as with several a trace can be another one."""
    return options.workers if len(suite.specs) == 1 else 1


def _known(suite: Suite, cache: Cache) -> dict[int, _Known]:
    """What earlier runs found, by the numbers of specs."""
    found: dict[int, _Known] = {}
    for number, spec in enumerate(suite.specs):
        start = time.perf_counter()
        outcome = cache.look_up(spec)
        if outcome is not None:
            found[number] = _Known(outcome, time.perf_counter() - start, cached=True)
    return found


def _fresh(
    suite: Suite, known: Collection[int], cache: Cache | None, options: GateOptions, threads: int
) -> Iterator[Checked]:
    """Check the others, and keep what is found."""
    todo = [(number, spec) for number, spec in enumerate(suite.specs) if number not in known]
    if not todo:
        return
    if cache is None:
        yield from _checker()(todo, _counting(options, len(known)), threads)
        return
    took: dict[Path, float] = {}
    for done in _checker()(cache.longest_first(todo), _counting(options, len(known)), threads):
        spec = suite.specs[done.number]
        took[spec.path] = done.seconds
        cache.keep(spec, done.outcome)
        yield done
    cache.close(took)


def _checker() -> Callable[[Sequence[tuple[int, SuiteSpec]], GateOptions, int], Iterator[Checked]]:
    """What checks specs; it takes longer to load than a gate takes that has nothing to check."""
    found: Callable[[Sequence[tuple[int, SuiteSpec]], GateOptions, int], Iterator[Checked]]
    found = import_module("oomcheck.gate.fresh").check_fresh
    return found


def _counting(options: GateOptions, known: int) -> GateOptions:
    """Options whose progress counts also what was known before."""
    show = options.progress
    if show is None:
        return options
    return replace(options, progress=lambda now: show(Standing(now.done + known, now.total + known, now.running)))


def _shown(outcome: Outcome, options: GateOptions) -> bool:
    """Whether there is anything to say; nothing where globs chose nothing of a spec."""
    return outcome.report is not None or not outcome.known or (bool(outcome.skipped) and not options.select)


def _entry(spec: SuiteSpec, known: _Known) -> Gated:
    outcome = known.outcome
    return Gated(
        str(spec.path),
        outcome.model,
        outcome.report,
        outcome.diagnostics,
        outcome.failure,
        known.cached,
        known.seconds,
        outcome.skipped,
    )


def _check_globs(suite: Suite, outcomes: Sequence[Outcome], options: GateOptions) -> None:
    """E0006 unless each glob fits something and something is left; not while some specs cannot be read."""
    if not all(outcome.known for outcome in outcomes):
        return
    matched = {glob for outcome in outcomes for glob in outcome.matched}
    for flag, globs in (("-p", options.select), ("--exclude", options.exclude)):
        for glob in globs:
            if glob not in matched:
                raise error("E0006", f"`{flag} {glob}` matches nothing below `{suite.folder}`")
    if all(outcome.report is None for outcome in outcomes):
        raise error("E0006", "no property is selected")


def with_complaints(gate: GateReport, complaints: Sequence[str]) -> GateReport:
    """A gate with differences from its baseline."""
    return replace(gate, complaints=(*gate.complaints, *complaints))
