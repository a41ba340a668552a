"""Which threads of a trace get a lane, and how wide the lanes are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from oomcheck.records import dataclass
from oomcheck.result.trace import Trace

GAP = 2  # columns between two lanes
MIN_LANE = 16  # a narrower lane cannot be read
AUTO_LANES = 3  # more than three lanes are folded by default
FEW_STEPS = 2  # a thread with no more steps is a dotted line


@dataclass(frozen=True, slots=True)
class Lane:
    """A column of the trace: the thread, the first column (from the left margin) and the width."""

    process: str
    start: int
    width: int


def choose(trace: Trace, everything: bool, room: int) -> list[str]:
    """Names of the threads with a lane, in the order of the system; the others are drawn across.

    The thread that runs into the fault always has one; then come the threads
    with the most steps, as far as `room` columns allow. `everything` gives a
    lane also to threads with few steps, to softirqs and to environments.
    """
    steps = _counts(trace)
    loser = trace.ending.process
    active = [name for name in trace.processes if steps[name] or name == loser]
    active.sort(key=lambda name: (name != loser, -steps[name]))
    most = (room + GAP) // (MIN_LANE + GAP)
    if everything:
        chosen = active
    else:
        threads = [name for name in active if name == loser or name not in trace.environment]
        busy = [name for name in threads if name == loser or steps[name] > FEW_STEPS]
        # One lane alone shows no interleaving, so a second thread joins it however little it does.
        chosen = busy if len(busy) > 1 else (threads or active)[:2]
        most = min(most, AUTO_LANES)
    return [name for name in trace.processes if name in chosen[: max(most, 1)]]


def _counts(trace: Trace) -> Counter[str]:
    """How many steps each thread makes; time that passes is no thread's."""
    return Counter(step.process for step in trace.steps if not step.ticks)


def folded(trace: Trace, names: Sequence[str]) -> int:
    """How many threads with more than a few steps have no lane among `names`, for want of room."""
    steps = _counts(trace)
    return sum(
        steps[name] > FEW_STEPS for name in trace.processes if name not in names and name not in trace.environment
    )


def arrange(names: Sequence[str], wanted: Mapping[str, int], room: int) -> list[Lane]:
    """Lanes for `names` in at most `room` columns, each as wide as `wanted` if that is possible.

    Where it is not, the widest lanes give way until all fit.
    """
    if not names:
        return []
    widths = [max(MIN_LANE, wanted[name]) for name in names]
    budget = room - GAP * (len(names) - 1)
    level = max(cap for cap in range(1, max(widths) + 1) if sum(min(w, cap) for w in widths) <= budget)
    widths = [min(w, level) for w in widths]
    lanes: list[Lane] = []
    start = 0
    for name, size in zip(names, widths, strict=True):
        lanes.append(Lane(name, start, size))
        start += size + GAP
    return lanes
