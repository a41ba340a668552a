"""Fair loops by the plain method: all states, then components, and again where strong fairness takes states away.

Lichtenstein and Pnueli, Checking that finite state concurrent programs satisfy their linear specification (1985).
Written to be read; `analysis.lassos` does the same on integers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from oomcheck.analysis.lassos import Lasso
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.automaton import components
from oomcheck.prop.temporal import FairnessKind
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import POLL, Budget, Report, StopCheck, state_limit
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.nested import Outcome
from oomcheck.semantics.search import Tree
from oomcheck.semantics.successors import successors


@dataclass(frozen=True, slots=True)
class Assumption:
    """Fairness to transitions: `enabled` holds in the states where some of them could be taken."""

    kind: FairnessKind
    enabled: Expr
    steps: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Arrow:
    """A step from one numbered state to another."""

    source: int
    step: int
    target: int


def fair_lasso(
    system: TransitionSystem,
    accepted: Expr,
    assumptions: Sequence[Assumption],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
    allowed: Callable[[int], bool] = lambda step: True,
) -> Outcome:
    """A run that meets `accepted` again and again and keeps all assumptions; its loop takes `allowed` steps alone."""
    tree = Tree(system.initial)
    arrows: list[list[_Arrow]] = []
    budget = Budget(limits, should_stop, progress)
    for number, state in enumerate(tree.states):  # grows meanwhile
        stopped = budget.spent(len(tree.states), 0, len(tree.states) - number, 0) if number % POLL == 0 else ""
        if not stopped and limits.max_states is not None and len(tree.states) > limits.max_states:
            stopped = state_limit(limits)
        if stopped:
            return Outcome(None, stopped, len(tree.states))
        out = []
        for step, after in successors(system, state):
            if after not in tree.number:
                tree.add(after, number, step.index)
            out.append(_Arrow(number, step.index, tree.number[after]))
        arrows.append(out)
    loops = [[arrow for arrow in out if allowed(arrow.step)] for out in arrows]
    component = _Fair(system, tree, loops, accepted, assumptions).component(set(range(len(tree.states))))
    lasso = None if component is None else component.lasso(tree)
    return Outcome(lasso, "", len(tree.states))


class _Fair:
    """The search for a component that can keep everything."""

    def __init__(
        self,
        system: TransitionSystem,
        tree: Tree,
        arrows: Sequence[Sequence[_Arrow]],
        accepted: Expr,
        assumptions: Sequence[Assumption],
    ) -> None:
        self._arrows = arrows
        self._assumptions = assumptions
        self._accepted = {n for n, state in enumerate(tree.states) if evaluate(accepted, state, system.slot)}
        self._enabled = [
            {n for n, state in enumerate(tree.states) if evaluate(item.enabled, state, system.slot)}
            for item in assumptions
        ]

    def component(self, nodes: set[int]) -> _Component | None:
        """The first component of the subgraph of `nodes`, or within one of its components, with a fair loop."""
        order = sorted(nodes)
        position = {node: number for number, node in enumerate(order)}
        targets = [[position[a.target] for a in self._arrows[node] if a.target in nodes] for node in order]
        found: dict[int, set[int]] = {}
        for node, label in zip(order, components(targets), strict=True):
            found.setdefault(label, set()).add(node)
        for members in found.values():
            inside = [arrow for node in sorted(members) for arrow in self._arrows[node] if arrow.target in members]
            if inside and members & self._accepted:
                fair = self._judge(members, inside)
                if fair is not None:
                    return fair
        return None

    def _judge(self, members: set[int], inside: list[_Arrow]) -> _Component | None:
        """What a loop through all of `members` still lacks decides: nothing, all loops, or those in a part."""
        goals = [Goal(frozenset(members & self._accepted), frozenset())]
        greedy: set[int] = set()
        for item, enabled in zip(self._assumptions, self._enabled, strict=True):
            taken = frozenset(arrow for arrow in inside if arrow.step in item.steps)
            if taken:
                goals.append(Goal(frozenset(), taken))
            elif item.kind is FairnessKind.STRONG:
                greedy |= members & enabled
            elif item.kind is FairnessKind.PROGRESS or members <= enabled:
                return None
            else:
                goals.append(Goal(frozenset(members - enabled), frozenset()))
        return self.component(members - greedy) if greedy else _Component(inside, goals)


@dataclass(frozen=True, slots=True)
class Goal:
    """A loop has to visit one of `states` or take one of `arrows`."""

    states: frozenset[int]
    arrows: frozenset[_Arrow]


@dataclass(frozen=True, slots=True)
class _Component:
    """All steps of a component, and what a fair loop has to do in it."""

    arrows: Sequence[_Arrow]
    goals: Sequence[Goal]

    def lasso(self, tree: Tree) -> Lasso:
        """From the first state found, to each goal in turn, and back."""
        start = min(arrow.source for arrow in self.arrows)
        out: dict[int, list[_Arrow]] = {}
        for arrow in self.arrows:
            out.setdefault(arrow.source, []).append(arrow)
        loop: list[_Arrow] = []
        node = start
        for goal in self.goals:
            if node in goal.states:
                continue
            if goal.arrows:
                arrow = min(goal.arrows, key=lambda arrow: (arrow.source, arrow.step))
                loop += [*_way(out, node, {arrow.source}), arrow]
            else:
                loop += _way(out, node, goal.states)
            node = loop[-1].target
        if not loop:
            loop, node = [out[start][0]], out[start][0].target
        loop += _way(out, node, {start})
        return Lasso(tree.path_to(start), tuple(arrow.step for arrow in loop))


def _way(out: dict[int, list[_Arrow]], start: int, goals: set[int] | frozenset[int]) -> list[_Arrow]:
    """A shortest way from `start` to one of `goals`; none if it is one."""
    ways: dict[int, list[_Arrow]] = {start: []}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node in goals:
            return ways[node]
        for arrow in out[node]:
            if arrow.target not in ways:
                ways[arrow.target] = [*ways[node], arrow]
                queue.append(arrow.target)
    raise AssertionError("all states of a component reach each other")
