"""Conditions on program counters, resolved once all threads are folded."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Var, and_, eq, not_, or_
from oomcheck.ir.sorts import EnumSort
from oomcheck.ir.system import Transition, Update
from oomcheck.ir.walk import Rewriting
from oomcheck.lang.flow import Flow
from oomcheck.lang.fold import Folded, Step
from oomcheck.lang.layout import Layout
from oomcheck.objects.base import COUNTER


class ThreadMap:
    """Numbers of a thread's stops, and its program counter."""

    def __init__(self, name: str, flow: Flow, folded: Folded) -> None:
        self.flow = flow
        self.folded = folded
        self.pc = f"pc({name})"
        self.position = {stop: number for number, stop in enumerate(folded.stops)}
        self.sort = EnumSort(self.pc, tuple(f"{number}" for number in range(len(folded.stops))))

    @cached_property
    def takers(self) -> list[tuple[int, list[Step]]]:
        """The stops before steps that take locks, each with all steps from there."""
        origins = {step.origin for step in self.folded.steps if step.acquire is not None}
        return [(origin, [step for step in self.folded.steps if step.origin == origin]) for origin in sorted(origins)]

    def among(self, stops: set[int]) -> Expr:
        """The thread rests at one of these nodes."""
        counter = Var(self.pc, self.sort)
        numbers = sorted(self.position[stop] for stop in stops if stop in self.position)
        return or_(*(eq(counter, Lit(number, self.sort)) for number in numbers))


class Derived:
    """Gives the placeholders of `pure.derived` their meaning."""

    def __init__(self, threads: list[ThreadMap], layout: Layout) -> None:
        self._threads = threads
        self._layout = layout
        self._cache: dict[str, Expr] = {}
        self._resolved = Rewriting(self._leaf)

    def resolve(self, expr: Expr) -> Expr:
        """`expr` without placeholders."""
        return self._resolved(expr)

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        if isinstance(leaf, Var) and leaf.name.startswith("@"):
            if leaf.name not in self._cache:
                kind, number, *rest = leaf.name[1:].split("\x1f")
                self._cache[leaf.name] = self.resolve(self._meaning(kind, int(number), rest))
            return self._cache[leaf.name]
        if isinstance(leaf, Index) and leaf.array.name.startswith("@waits"):
            return self._of_element(leaf)
        return leaf

    def _of_element(self, place: Index) -> Expr:
        """Waiting for an element of a class of locks."""
        _, process, base = place.array.name.split("\x1f")
        return self.resolve(self.blocked(int(process), int(base), place.index))

    def _meaning(self, kind: str, number: int, rest: list[str]) -> Expr:
        thread = self._threads[number]
        match kind:
            case "at":
                return thread.among(thread.flow.labels.get(rest[0], set()))
            case "inside":
                regions = thread.flow.regions
                return thread.among({stop for stop in thread.folded.stops if rest[0] in regions[stop]})
            case "dead":
                return thread.among({thread.flow.exit})
            case "busy":
                return not_(thread.among({thread.folded.entry}))
            case "waits":
                return self.blocked(number, int(rest[0]))
            case _:
                raise AssertionError(kind)

    def locations(self, process: int, label: str) -> frozenset[int]:
        """Locations at which a process stands at a label."""
        thread = self._threads[process]
        stops = thread.flow.labels.get(label, set())
        return frozenset(thread.position[stop] for stop in stops if stop in thread.position)

    def blocked(self, process: int, lock: int, element: Expr | None = None) -> Expr:
        """The process stands before a step that takes the lock, and cannot take it; of a class, the `element` of it."""
        thread = self._threads[process]
        result: Expr = FALSE
        for origin, steps in thread.takers:
            wants = or_(*(_is_lock(s.acquire, lock, element) for s in steps if s.acquire is not None))
            if wants != FALSE:
                stuck = and_(thread.among({origin}), wants, *(not_(s.guard) for s in steps))
                result = or_(result, stuck)
        return result

    def transition(self, transition: Transition) -> Transition:
        """A transition without placeholders."""
        updates = tuple(Update(u.target, self.resolve(u.value)) for u in transition.updates)
        actions = tuple(
            replace(
                a,
                result=None if a.result is None else (self.resolve(a.result[0]), a.result[1]),
                indices=tuple((text, self.resolve(value), sort) for text, value, sort in a.indices),
            )
            for a in transition.actions
        )
        acquire = transition.acquire
        if isinstance(acquire, Index) and acquire.array.name.startswith("@lock"):
            acquire = Lit(_class_of(acquire) + transition.process, COUNTER)
        guard = self.resolve(transition.guard)
        return replace(transition, guard=guard, updates=updates, actions=actions, acquire=acquire)


def _class_of(acquire: Index) -> int:
    """The number of a class of locks, of which a step takes an element."""
    return int(acquire.array.name.split("\x1f")[1])


def _is_lock(acquire: Expr, lock: int, element: Expr | None) -> Expr:
    """A step takes this lock; of a class, this element."""
    if isinstance(acquire, Index) and acquire.array.name.startswith("@lock"):
        return eq(acquire.index, element) if element is not None and _class_of(acquire) == lock else FALSE
    return FALSE if element is not None else eq(acquire, Lit(lock, COUNTER))
