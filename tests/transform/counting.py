"""Models at several sizes, and whether counting them is exact: state by state and step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_files, read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import UNTIMED
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.property import Property
from oomcheck.semantics.successors import successors
from oomcheck.transform.counting.counted import Counted, instance
from oomcheck.transform.reset import reset
from oomcheck.transform.slice import sliced

Asked = tuple[TransitionSystem, Sequence[Property]]


def asked(model: Path, spec: Path, values: Mapping[str, int | str]) -> Asked:
    """The system of a model at some values of its parameters with all properties of a spec, sliced and reset."""
    lowered = lower(elaborate(read_files(model, ()), values), UNTIMED)
    properties = tuple(typed_properties(read_spec(spec)[0], lowered).values())
    cut = sliced(lowered.system, properties)
    done = reset(cut.system, cut.properties)
    return done.system, done.properties


def reachable(system: TransitionSystem) -> set[State]:
    """All reachable states, by the reference semantics."""
    found, frontier = {system.initial}, [system.initial]
    while frontier:
        for _, state in successors(system, frontier.pop()):
            if state not in found:
                found.add(state)
                frontier.append(state)
    return found


def assert_exact(system: TransitionSystem, counted: Counted, by: Counted | None = None) -> int:
    """The counted states and steps are those of the system up to the order of members; how many states there are.

    `by` maps states of the system, if that is not the size that `counted` was made of.
    """
    mapping = by or counted
    size = len(mapping.family.members)
    small = instance(counted, size)
    after: dict[State, set[State]] = {}
    for state in reachable(system):
        seen = after.setdefault(mapping.state(state), set())
        seen.update(mapping.state(new) for _, new in successors(system, state))
    assert reachable(small) == after.keys()
    for state, expected in after.items():
        assert {new for _, new in successors(small, state)} == expected
    return len(after)
