"""Nested depth-first search: a loop through an accepting state, found while the states are.

Courcoubetis, Vardi, Wolper and Yannakakis, Memory-efficient algorithms for the verification of temporal properties
(1992), with the improvements of Schwoon and Esparza, A note on on-the-fly verification algorithms (2005): states on
the path of the first search are cyan, and a step back to one of them through an accepting state closes a loop at
once. It takes no fairness.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from oomcheck.analysis.lassos import Lasso
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import State, Transition, TransitionSystem
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import POLL, Budget, Report, StopCheck, state_limit
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import successors


class Colour(Enum):
    """What is known of a state; one that has none was not found yet."""

    CYAN = "cyan"  # on the path of the first search
    BLUE = "blue"  # left by the first search
    RED = "red"  # left by the second search: no accepting loop can be reached


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search for a lasso found; `stopped` says why it ended early, or is empty."""

    lasso: Lasso | None
    stopped: str
    states: int


@dataclass(slots=True)
class _Place:
    """A state on the path of a search: the step that led there, and what is left to try."""

    state: State
    step: int
    left: Iterator[tuple[Transition, State]]
    leads_out: bool = False  # some successor is not red


def accepting_lasso(
    system: TransitionSystem,
    accepted: Expr,
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Outcome:
    """A run that meets `accepted` again and again, if there is one. The depth limit does not apply."""
    return _Search(system, accepted, limits, Budget(limits, should_stop, progress)).run()


class _Search:
    """One search; see `run`."""

    def __init__(self, system: TransitionSystem, accepted: Expr, limits: Limits, budget: Budget) -> None:
        self._system = system
        self._accepted = accepted
        self._limits = limits
        self._budget = budget
        self._colour: dict[State, Colour] = {}
        self._path: list[_Place] = []
        self._taken = 0
        self._loop: tuple[State, list[int]] | None = None  # steps back to a state on the path

    def run(self) -> Outcome:
        """The first search."""
        path = self._path
        self._enter(self._system.initial, -1)
        while path:
            stopped = self._stopped()
            if stopped:
                return Outcome(None, stopped, len(self._colour))
            place = path[-1]
            move = next(place.left, None)
            if move is None:
                self._leave(place)
            else:
                self._follow(place, *move)
            if self._loop is not None:
                return Outcome(self._lasso(*self._loop), "", len(self._colour))
        return Outcome(None, "", len(self._colour))

    def _stopped(self) -> str:
        self._taken += 1
        if self._limits.max_states is not None and len(self._colour) > self._limits.max_states:
            return state_limit(self._limits)
        if self._taken % POLL != 1:
            return ""
        return self._budget.spent(len(self._colour), self._taken, len(self._path), len(self._path))

    def _enter(self, state: State, step: int) -> None:
        self._colour[state] = Colour.CYAN
        self._path.append(_Place(state, step, successors(self._system, state)))

    def _follow(self, place: _Place, step: Transition, after: State) -> None:
        match self._colour.get(after):
            case None:
                self._enter(after, step.index)
            case Colour.CYAN:
                place.leads_out = True
                if self._accepts(place.state) or self._accepts(after):
                    self._loop = after, [step.index]
            case Colour.BLUE:
                place.leads_out = True
            case Colour.RED:
                pass

    def _leave(self, place: _Place) -> None:
        """All successors of a state are done; an accepting one starts the second search."""
        accepts = self._accepts(place.state)
        if place.leads_out and accepts:
            self._second(place.state)
            if self._loop is not None:
                return
        is_red = accepts or not place.leads_out
        self._colour[place.state] = Colour.RED if is_red else Colour.BLUE
        self._path.pop()
        if self._path and not is_red:
            self._path[-1].leads_out = True

    def _second(self, seed: State) -> None:
        """Look for a way from `seed` back to the path of the first search."""
        path = [_Place(seed, -1, successors(self._system, seed))]
        while path:
            move = next(path[-1].left, None)
            if move is None:
                path.pop()
                continue
            step, after = move
            match self._colour[after]:
                case Colour.CYAN:
                    self._loop = after, [*(place.step for place in path[1:]), step.index]
                    return
                case Colour.BLUE:
                    self._colour[after] = Colour.RED
                    path.append(_Place(after, step.index, successors(self._system, after)))
                case Colour.RED:
                    pass

    def _accepts(self, state: State) -> bool:
        return bool(evaluate(self._accepted, state, self._system.slot))

    def _lasso(self, goal: State, back: list[int]) -> Lasso:
        """The path of the first search, cut at `goal`, where the loop begins."""
        start = next(number for number, place in enumerate(self._path) if place.state == goal)
        steps = [place.step for place in self._path[1:]]
        return Lasso(tuple(steps[:start]), (*steps[start:], *back))
