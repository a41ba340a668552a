"""The variables of a trace by number, for a page that computes the state after any step from the changes."""

from __future__ import annotations

from collections.abc import Iterator

from oomcheck.records import dataclass
from oomcheck.result.trace import Change, Trace

BOOLEANS = frozenset({"true", "false"})


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: `changes` are (step, new value) in order of steps; `quiet` if reports do not show its changes."""

    name: str
    initial: str
    changes: tuple[tuple[int, str], ...]
    quiet: bool

    @property
    def boolean(self) -> bool:
        """Whether all its values in the trace are true or false."""
        return {self.initial, *(value for _, value in self.changes)} <= BOOLEANS


def variables(trace: Trace) -> list[Variable]:
    """The variables in the order of the initial state, then those that only changes name.

    Two variables may be called the same, as a local and a field of a task are; a quiet change is never about one of the
    initial state, and belongs to the first of its name that has its old value.
    """
    values = [value for _, value in trace.initial]
    names = [name for name, _ in trace.initial]
    initial = list(values)
    told: list[list[tuple[int, str]]] = [[] for _ in names]
    quiet = [False] * len(names)
    places: dict[tuple[str, bool], list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault((name, False), []).append(place)
    for number, change in _changes(trace):
        same = places.setdefault((change.name, change.quiet), [])
        if not same:
            same.append(len(names))
            names.append(change.name)
            values.append(change.old)
            initial.append(change.old)
            told.append([])
            quiet.append(change.quiet)
        place = next((one for one in same if values[one] == change.old), same[0])
        values[place] = change.new
        told[place].append((number, change.new))
    return [Variable(*one) for one in zip(names, initial, map(tuple, told), quiet, strict=True)]


def _changes(trace: Trace) -> Iterator[tuple[int, Change]]:
    for step in trace.steps:
        for change in step.changes:
            yield step.number, change
