"""One schedule on two systems: step by step, until the other system cannot follow.

Transitions of different systems have nothing in common but what they say: a step is followed by one of the same
thread with the same statement of the same kernel function. Statements that only one of the systems has are passed
over, as a fix is made of such.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from oomcheck.comparing.course import Course, Difference, Divergence, Follower, Later, Reason
from oomcheck.evidence import facts, step_text, values
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.result.trace import Fact
from oomcheck.semantics.successors import apply, enabled, faults, location

MOST_EXTRA = 12  # steps that only the other system has, one after the other
MOST_SEEN = 1000  # states to look at for a way through such steps
MOST_LATER = 6  # steps to show after the divergence

Statement = tuple[str, str]  # its text, and the kernel function that it stands for


def follow(own: TransitionSystem, run: Sequence[State], choices: Sequence[int], other: TransitionSystem) -> Course:
    """Take the steps `choices` of `own`, which go through the states `run`, on `other`, as far as that is possible."""
    return _Pursuit(own, run, choices, other).course()


class _Pursuit:
    def __init__(
        self, own: TransitionSystem, run: Sequence[State], choices: Sequence[int], other: TransitionSystem
    ) -> None:
        self._own = own
        self._run = run
        by_index = {step.index: step for step in own.transitions}
        self._schedule = [by_index[choice] for choice in choices]
        self._other = other
        self._numbers = {process.name: number for number, process in enumerate(other.processes)}
        self._known = _statements(own), _statements(other)
        self._states = [other.initial]
        self._steps: list[int] = []
        self._followed: list[Follower] = []
        self._since: dict[str, int] = {}

    def course(self) -> Course:
        """The whole pursuit."""
        self._note(0)
        for number in range(1, len(self._schedule) + 1):
            divergence = self._follow(number)
            if divergence is not None:
                return self._end(divergence, divergence.apart)
            self._note(number)
        return self._end(None, self._apart(len(self._schedule)))

    def _end(self, divergence: Divergence | None, apart: tuple[Difference, ...]) -> Course:
        return Course(tuple(self._followed), divergence, apart, tuple(self._states), tuple(self._steps))

    # ------------------------------------------------------------ one step

    def _follow(self, number: int) -> Divergence | None:
        """Take step `number`, or say why that is not possible."""
        step = self._schedule[number - 1]
        name = self._own.processes[step.process].name
        process = self._numbers.get(name)
        if process is None:
            return self._divergence(number, Reason.MISSING)
        if _statement(step) not in self._known[1][name]:
            # What only the other system has at this place stands in for it, so it is time for that.
            self._followed.append(Follower(number, name, self._text(number), "", self._alone(process)))
            return None
        extra = self._extra(process, step)
        if extra is None:
            alone = self._alone(process)
            return self._divergence(number, self._obstacle(process, step), extra=alone)
        told = tuple(self._take(passed) for passed in extra)
        best = self._best(number, process)
        if self._told(best) != self._text(number):
            return self._divergence(number, Reason.OUTCOME, extra=told)
        before = {one.name for one in self._apart(number - 1)}
        after = self._compared(number, apply(self._other, best, self._states[-1]), number)
        effects = tuple(one for one in after if one.name not in before)
        if effects:
            return self._divergence(number, Reason.EFFECT, effects, told)
        self._followed.append(Follower(number, name, self._text(number), self._take(best), told))
        return None

    def _extra(self, process: int, step: Transition) -> tuple[Transition, ...] | None:
        """The fewest steps of statements that only the other system has, after which the thread can follow `step`."""
        known = self._known[0][self._other.processes[process].name]
        start = self._states[-1]
        queue: deque[tuple[State, tuple[Transition, ...]]] = deque([(start, ())])
        seen = {start}
        while queue:
            state, path = queue.popleft()
            moves = self._moves(process, state)
            if any(_statement(move) == _statement(step) for move in moves):
                return path
            for move in moves if len(path) < MOST_EXTRA and len(seen) < MOST_SEEN else ():
                after = apply(self._other, move, state)
                if _statement(move) not in known and after not in seen:
                    seen.add(after)
                    queue.append((after, (*path, move)))
        return None

    def _alone(self, process: int) -> tuple[str, ...]:
        """Take the steps that only the other system has and that are the only ones of the thread; what they say."""
        known = self._known[0][self._other.processes[process].name]
        told: list[str] = []
        while len(told) < MOST_EXTRA:
            moves = self._moves(process, self._states[-1])
            if len(moves) != 1 or _statement(moves[0]) in known:
                break
            told.append(self._take(moves[0]))
        return tuple(told)

    def _best(self, number: int, process: int) -> Transition:
        """Of the thread's steps with the right statement the one that is most like the step to follow."""
        step = self._schedule[number - 1]
        state = self._states[-1]

        def unlikeness(move: Transition) -> tuple[bool, int, int]:
            differences = len(self._compared(number, apply(self._other, move, state), number))
            return self._told(move) != self._text(number), differences, move.index

        return min((m for m in self._moves(process, state) if _statement(m) == _statement(step)), key=unlikeness)

    def _obstacle(self, process: int, step: Transition) -> Reason:
        state = self._states[-1]
        if self._moves(process, state):
            here = (process, location(self._other, state, process))
            stands_before = any(_statement(one) == _statement(step) for one in self._other.by_location.get(here, ()))
            return Reason.BLOCKED if stands_before else Reason.ELSEWHERE
        if any(fault.process == process for fault in faults(self._other, state)):
            return Reason.FAULT
        ended = self._other.processes[process].done == location(self._other, state, process)
        return Reason.ENDED if ended else Reason.BLOCKED

    def _take(self, move: Transition) -> str:
        """Take a step of the other system; what it says."""
        told = self._told(move)
        self._states.append(apply(self._other, move, self._states[-1]))
        self._steps.append(move.index)
        return told

    # ------------------------------------------------------------ words and values

    def _moves(self, process: int, state: State) -> list[Transition]:
        return [move for move in enabled(self._other, state) if move.process == process]

    def _text(self, number: int) -> str:
        return step_text(self._own, self._schedule[number - 1].action, self._run[number - 1])

    def _told(self, move: Transition) -> str:
        return step_text(self._other, move.action, self._states[-1])

    def _apart(self, number: int) -> tuple[Difference, ...]:
        """The variables whose values differ after step `number`."""
        return self._compared(number, self._states[-1], number)

    def _compared(self, number: int, state: State, now: int) -> tuple[Difference, ...]:
        """Those that differ between the state after step `number` and another one; since `now`, if not before."""
        own, other = dict(values(self._own, self._run[number])), dict(values(self._other, state))
        apart = (name for name in own if name in other and own[name] != other[name])
        return tuple(Difference(name, own[name], other[name], self._since.get(name, now)) for name in apart)

    def _note(self, number: int) -> None:
        """Remember since when variables differ."""
        self._since = {one.name: one.since for one in self._apart(number)}

    # ------------------------------------------------------------ the divergence

    def _divergence(
        self, number: int, reason: Reason, effects: tuple[Difference, ...] = (), extra: tuple[str, ...] = ()
    ) -> Divergence:
        name = self._own.processes[self._schedule[number - 1].process].name
        process = self._numbers.get(name)
        state = self._states[-1]
        possible = () if process is None else tuple(dict.fromkeys(map(self._told, self._moves(process, state))))
        return Divergence(
            reason,
            number,
            name,
            self._text(number),
            possible,
            () if process is None or possible else self._why(process, state),
            extra,
            effects,
            self._compared(number - 1, state, number),
            facts(self._own, self._run[number - 1]),
            facts(self._other, state),
            self._later(number),
        )

    def _why(self, process: int, state: State) -> tuple[str, ...]:
        """Why a thread has no step: faults, locks with their holders, freezers, or what it stands before."""
        name = self._other.processes[process].name
        wrong = tuple(f"{f.sanitizer}: {f.message}" for f in faults(self._other, state) if f.process == process)
        if wrong:
            return wrong
        told = [self._wait(fact, state) for fact in facts(self._other, state) if fact.process == name]
        here = (process, location(self._other, state, process))
        stands = dict.fromkeys(step.action.text for step in self._other.by_location.get(here, ()))
        return tuple(filter(None, told)) or tuple(f"stands before {text}" for text in stands)

    def _wait(self, fact: Fact, state: State) -> str:
        """What a thread waits for, and who holds it."""
        if fact.view == "frozen":
            return f"frozen ({fact.text})"
        if fact.view != "waits":
            return ""
        lock = fact.text.partition(" (")[0]
        known = facts(self._other, state)
        holders = [f.process for f in known if f.view == "held" and f.text.partition(" (")[0] == lock]
        return f"waits for {fact.text}" + (f", held by {', '.join(holders)}" if holders else "")

    def _later(self, number: int) -> tuple[Later, ...]:
        """The schedule from the divergence on, and the other system with the same threads in turn."""
        state = self._states[-1]
        found = []
        for following in range(number, min(number + MOST_LATER, len(self._schedule) + 1)):
            step = self._schedule[following - 1]
            name = self._own.processes[step.process].name
            process = self._numbers.get(name)
            moves = [] if process is None else self._moves(process, state)
            move = min(moves, key=lambda m: (_statement(m) != _statement(step), m.index), default=None)
            told = "" if move is None else step_text(self._other, move.action, state)
            found.append(Later(following, name, self._text(following), told))
            state = state if move is None else apply(self._other, move, state)
        return tuple(found)


def _statement(step: Transition) -> Statement:
    return step.action.text, step.action.source


def _statements(system: TransitionSystem) -> dict[str, frozenset[Statement]]:
    """The statements of each thread, by its name."""
    found: dict[str, set[Statement]] = {process.name: set() for process in system.processes}
    for step in system.transitions:
        found[system.processes[step.process].name].add(_statement(step))
    return {name: frozenset(statements) for name, statements in found.items()}
