"""What a reduction must not change, compared by exploring both systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Property, sanitizer
from oomcheck.pygen.search import explore
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.transform.clock import clocked
from oomcheck.transform.focus import Reduced

LIMITS = Limits(max_states=3_000)


def answers(found: Exploration) -> tuple[object, ...]:
    """All that an exploration tells but counts, depth and time."""
    return found.witnesses, found.antecedents, found.covered, found.halted


def assert_same_answers(system: TransitionSystem, properties: Sequence[Property], reduced: Reduced) -> None:
    """The same witnesses and findings, and no more states; nothing is compared of a system that is too large."""
    before = explore(system, properties, LIMITS)
    if before.stopped.startswith("state limit"):
        return
    after = explore(reduced.system, reduced.properties, LIMITS)
    assert answers(after) == answers(before)
    assert after.stopped == before.stopped
    assert after.states <= before.states
    assert after.depth <= before.depth


def bits(system: TransitionSystem) -> int:
    """Bits of a state, each slot in a field of its own."""
    return sum((high - low).bit_length() for low, high in map(bounds, system.slot_sorts))


def corpus_questions(
    path: Path, params: Sequence[tuple[str, str]]
) -> Iterator[tuple[TransitionSystem, list[Property]]]:
    """A model untimed and timed, with all sanitizers and the properties about states of the spec beside it."""
    spec = path.with_suffix(".oomspec")
    for mode in (Mode(), Mode(timed=True, slack=1)):
        lowered = lower(load_model(path, dict(params)), mode)
        asked = [sanitizer(name) for name in SANITIZERS if name != "zeno"]
        if spec.exists():
            typed = typed_properties(read_spec(spec)[0], lowered)
            asked += [prop for prop in typed.values() if prop.kind not in ABOUT_RUNS]
        yield clocked(lowered.system) if mode.timed else lowered.system, asked
