"""Search with a table that forgets: bitstate hashing and hash compaction, depth first.

What is found is real and comes with its path. What is not found may exist all the same, so the end of such a search
decides nothing: `LossyOutcome.stopped` is never empty, except where everything asked for was found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Final

from oomcheck.native.lossy_core import (
    Bitstate,
    Bounds,
    Counts,
    DepthFirst,
    End,
    Findings,
    HashCompact,
    Look,
    NoTableError,
    Table,
    Task,
    omission,
)
from oomcheck.native.lossy_omission import Omission
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import DECIDED, Budget, Report, StopCheck, depth_limit, state_limit

DEFAULT_SIZE: Final = 2**28  # bytes of the table of a single search
DEFAULT_STACK: Final = 2**30  # bytes; it grows as far as it is needed
DEFAULT_SEED: Final = 1

SLICE: Final = 0.05  # seconds between two looks at the limits
FIRST_SLICE: Final = 1000  # expansions
NOTHING: Final = Findings({}, frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class LossyOptions:
    """How to search: the table, the most bytes for the stack, and the seed of all hash functions and orders."""

    table: Table
    stack: int = DEFAULT_STACK
    seed: int = DEFAULT_SEED


@dataclass(frozen=True, slots=True)
class RunReport:
    """One search: its seed, its counts, and why it ended before its time ("" if it did not), e.g. a limit."""

    seed: int
    counts: Counts
    limit: str
    omission: Omission


@dataclass(frozen=True, slots=True)
class LossyOutcome:
    """What a search, or a swarm of them, found.

    `states` are distinct, so no more than the reachable ones; with `transitions` and `depth` (of the longest path, not
    of a state) they are those of the run that saw most. `stopped` is DECIDED or says for people what the end is worth.
    `paths` leads to each wanted item that was found; `seen` are all items, `fired` all transitions found enabled.
    """

    states: int
    transitions: int
    depth: int
    stopped: str
    paths: Mapping[int, tuple[int, ...]]
    seen: frozenset[int]
    fired: frozenset[int]
    seconds: float
    runs: tuple[RunReport, ...]


def explore_lossy(
    task: Task,
    options: LossyOptions,
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> LossyOutcome:
    """One search in the model's order of transitions; without a limit of time or memory the same on every machine."""
    budget = Budget(limits, should_stop, progress)

    def look(counts: Counts) -> str:
        return budget.spent(counts.states, counts.transitions, counts.waiting, counts.depth)

    search = DepthFirst(task, options.table, bounds_of(options, limits), options.seed)
    run, found = finish(search, options, limits, look)
    return outcome((run,), found, summary(options.table, run), budget.seconds)


def finish(search: DepthFirst, options: LossyOptions, limits: Limits, look: Look) -> tuple[RunReport, Findings]:
    """Run a search slice by slice until it ends or `look`, called between two slices, gives a reason to."""
    try:
        with search:
            limit = _slices(search, options, limits, look)
            found = search.findings(look)
            if search.task.enough(found.seen):
                limit = DECIDED
            return RunReport(search.seed, search.counts(), limit, search.omission()), found
    except NoTableError:
        counts = Counts()
        limit = f"no memory for a table of {in_bytes(options.table.size)}"
        return RunReport(search.seed, counts, limit, omission(options.table, counts)), NOTHING


def _slices(search: DepthFirst, options: LossyOptions, limits: Limits, look: Look) -> str:
    """Why the search ended early, or "" if it did not or has found enough."""
    expansions, end, reason = FIRST_SLICE, End.RUNNING, ""
    while end in (End.RUNNING, End.NEWS) and not reason:
        reason = look(search.counts())
        if not reason:
            start = time.perf_counter()
            end = search.run(expansions)
            if end is End.RUNNING:
                fit = SLICE / max(time.perf_counter() - start, 1e-6)
                expansions = max(1, int(expansions * min(max(fit, 0.25), 4)))
            elif end is End.NEWS and search.heed():
                return ""
    return reason or _limit(end, search.counts(), options, limits)


def _limit(end: End, counts: Counts, options: LossyOptions, limits: Limits) -> str:
    if end is End.NO_MEMORY:
        return "no memory for the path to a finding"
    if end is End.FULL:
        full = f"a full table of {in_bytes(options.table.size)}"
        return state_limit(limits) if counts.states == limits.max_states else full
    cuts = [depth_limit(limits)] if counts.cut_depth else []
    return " and ".join([*cuts, *([f"a full stack of {in_bytes(options.stack)}"] if counts.cut_stack else [])])


def bounds_of(options: LossyOptions, limits: Limits) -> Bounds:
    """The bounds of each search."""
    return Bounds(options.stack, limits.depth, limits.max_states)


def outcome(runs: tuple[RunReport, ...], found: Findings, stopped: str, seconds: float) -> LossyOutcome:
    """The outcome of runs that together found `found`."""
    most = max((run.counts for run in runs), key=lambda counts: counts.states)
    return LossyOutcome(
        most.states, most.transitions, most.depth, stopped, found.paths, found.seen, found.fired, seconds, runs
    )


def summary(table: Table, run: RunReport) -> str:
    """What the end of one search is worth, in words."""
    if run.limit == DECIDED:
        return DECIDED
    parts = [f"{kind_of(table)}: {run.counts.states} states"]
    if run.counts.states:
        parts.append(_share(table, run.counts))
    text = f"{', '.join(parts)}; omission probability at least {run.omission.chance:.2g}"
    if math.isinf(run.omission.expected):
        text += ", since every bit is set"
    elif run.omission.expected >= 1:
        text += f", expected omissions {run.omission.expected:.2g}"
    return f"{run.limit} ({text})" if run.limit else text


def kind_of(table: Table) -> str:
    """How people call a search with this table."""
    return "bitstate search" if isinstance(table, Bitstate) else "hash compaction"


def _share(table: Table, counts: Counts) -> str:
    if isinstance(table, HashCompact):
        return f"{table.bits} bits of each"
    bits = counts.places / counts.states
    return f"{bits:.0f} bits for each" if bits >= 100 else f"{bits:.3g} bits for each"


def in_bytes(size: int) -> str:
    """A size for people, e.g. 512 MiB."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min((size.bit_length() - 1) // 10, len(units) - 1)
    return f"{size / 1024**power:.4g} {units[power]}"
