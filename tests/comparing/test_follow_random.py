"""Schedules of random systems, taken on others: whatever is told, the steps taken are real."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.comparing.course import Course
from oomcheck.comparing.schedule import follow
from oomcheck.ir.system import Action, State, TransitionSystem
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import enabled, successors
from tests.strategies import systems


def named(system: TransitionSystem, statements: int) -> TransitionSystem:
    """The system with `statements` different texts; as many as there are transitions make each one unique."""
    steps = (replace(step, actions=(Action(f"s{step.index % statements}"),), main=0) for step in system.transitions)
    return replace(system, transitions=tuple(steps))


def walk(system: TransitionSystem, data: st.DataObject) -> tuple[list[State], list[int]]:
    """States and choices of a random path."""
    states, choices = [system.initial], list[int]()
    for _ in range(data.draw(st.integers(0, 8))):
        moves = list(successors(system, states[-1]))
        if not moves:
            break
        move, after = data.draw(st.sampled_from(moves))
        states.append(after)
        choices.append(move.index)
    return states, choices


def taken(system: TransitionSystem, course: Course) -> None:
    """The course is a path of the system, and tells each of its steps."""
    states = replay(system, course.steps)
    assert not isinstance(states, Mismatch)
    assert states == course.states
    told = sum(len(one.extra) + (one.text != "") for one in course.followed)
    last = course.divergence
    assert len(course.steps) == told + (len(last.extra) if last is not None else 0)


@settings(max_examples=30)
@given(system=systems(), data=st.data())
def test_a_system_follows_itself(system: TransitionSystem, data: st.DataObject) -> None:
    """Where each statement is unique, a system takes exactly its own steps."""
    own = named(system, max(1, len(system.transitions)))
    states, choices = walk(own, data)
    course = follow(own, states, choices, own)
    assert (course.divergence, course.apart) == (None, ())
    assert course.steps == tuple(choices)
    assert course.states == tuple(states)


@settings(max_examples=30)
@given(left=systems(), right=systems(), statements=st.integers(1, 4), data=st.data())
def test_steps_on_the_other_side_are_real(
    left: TransitionSystem, right: TransitionSystem, statements: int, data: st.DataObject
) -> None:
    """On an unrelated system with statements of the same texts: every step is one, and the divergence is one."""
    own, other = named(left, statements), named(right, statements)
    states, choices = walk(own, data)
    course = follow(own, states, choices, other)
    taken(other, course)
    last = course.divergence
    assert len(course.followed) == (len(choices) if last is None else last.number - 1)
    if last is not None and last.reason.value in ("blocked", "ended", "fault"):
        moves = enabled(other, course.states[-1])
        assert all(other.processes[move.process].name != last.process for move in moves)
        assert last.possible == ()
