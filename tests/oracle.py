"""Answers about small systems by another algorithm than the engines use.

States are mappings from names to values, expressions become closures, the
reachable states are the least fixpoint of whole images, and circles of locks
are looked for once, in the complete graph. Nothing here comes from
`oomcheck.semantics` or `oomcheck.pygen`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import networkx as nx

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Place, Quantified, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import width
from oomcheck.ir.system import Fault, ProcessKind, Transition, TransitionSystem
from oomcheck.prop.property import Kind, Property

Cell = tuple[str, int]
World = Mapping[Cell, int]
Key = frozenset[tuple[Cell, int]]
Reader = Callable[[World], int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is true of a system; `distance` says how many steps the nearest deciding state is away (not for lockdep)."""

    states: int
    transitions: int
    depth: int
    decided: frozenset[str]
    distance: Mapping[str, int]
    antecedents: frozenset[tuple[str, int]]
    covered: frozenset[int]
    halted: frozenset[str]


def reader(expr: Expr) -> Reader:
    """A function that computes `expr`."""
    match expr:
        case Lit(value=value):
            return lambda world: value
        case Var(name=name):
            return lambda world: world[name, 0]
        case Index(array=array, index=index):
            position = reader(index)
            return lambda world: world.get((array.name, position(world)), 0)
        case Apply(op=op, args=args):
            parts = [reader(arg) for arg in args]
            return lambda world: _operate(op, [part(world) for part in parts])
        case Quantified():
            raise AssertionError("finite systems have no quantifiers")


def _operate(op: Op, values: Sequence[int]) -> int:
    """Everything is computed; C's division by way of the remainder, which has the sign of the dividend."""
    match op, values:
        case Op.NOT, [a]:
            return 1 - min(abs(a), 1)
        case Op.AND, _:
            return 0 if 0 in values else 1
        case Op.OR, _:
            return 0 if set(values) <= {0} else 1
        case Op.ITE, [a, b, c]:
            return [b, c][a == 0]
        case Op.EQ, [a, b]:
            return [0, 1][a - b == 0]
        case Op.NE, [a, b]:
            return [0, 1][a - b != 0]
        case Op.LT, [a, b]:
            return [0, 1][b - a > 0]
        case Op.LE, [a, b]:
            return [0, 1][b - a >= 0]
        case Op.ADD, [a, b]:
            return sum((a, b))
        case Op.SUB, [a, b]:
            return sum((a, -b))
        case Op.MUL, [a, b]:
            return a * b
        case ((Op.DIV | Op.MOD), [_, 0]):
            return 0
        case Op.DIV, [a, b]:
            return (a - _operate(Op.MOD, [a, b])) // b
        case Op.MOD, [a, b]:
            return abs(a) % abs(b) * (1 if a >= 0 else -1)
        case Op.NEG, [a]:
            return 0 - a
        case _:
            raise AssertionError(op)


def cell(place: Place, world: World) -> Cell | None:
    """The cell that a place names, if there is one."""
    match place:
        case Var(name=name):
            return name, 0
        case Index(array=array, index=index):
            found = array.name, reader(index)(world)
            return found if found in world else None


class Graph:
    """The reachable states of a system, in layers by distance from the initial state."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self._moves: dict[Key, list[tuple[Transition, Key]]] = {}
        initial = {
            (var.name, i): value
            for var in system.variables
            for i, value in zip(range(width(var.sort)), var.init, strict=True)
        }
        self.layer: dict[Key, int] = {frozenset(initial.items()): 0}
        grows, depth = True, 0
        while grows:
            depth += 1
            image = {target for state in self.layer for _, target in self.moves(state)}
            fresh = image - self.layer.keys()
            self.layer.update(dict.fromkeys(fresh, depth))
            grows = bool(fresh)

    def at(self, world: World, step: Transition | Fault) -> bool:
        """Whether a step or fault applies."""
        pc = self.system.processes[step.process].pc
        return world[pc, 0] == step.origin and reader(step.guard)(world) != 0

    def moves(self, state: Key) -> list[tuple[Transition, Key]]:
        """Transitions enabled in a state, and where they lead."""
        if state not in self._moves:
            world = dict(state)
            enabled = [step for step in self.system.transitions if self.at(world, step)]
            self._moves[state] = [(step, self._after(step, world)) for step in enabled]
        return self._moves[state]

    def _after(self, step: Transition, world: World) -> Key:
        new = dict(world)
        for update in step.updates:
            target = cell(update.target, world)
            if target is not None:
                new[target] = reader(update.value)(world)
        new[self.system.processes[step.process].pc, 0] = step.target
        return frozenset(new.items())

    def faults(self, state: Key) -> list[Fault]:
        """Faults that happen in a state."""
        world = dict(state)
        return [fault for fault in self.system.faults if self.at(world, fault)]


def answer(system: TransitionSystem, properties: Sequence[Property]) -> Answer:
    """Everything that an exhaustive search of `system` must find."""
    graph = Graph(system)
    distance: dict[str, int] = {}
    for prop in properties:
        near = [layer for state, layer in graph.layer.items() if _decides(graph, prop, state)]
        if near:
            distance[prop.name] = min(near)
    decided = set(distance)
    asked = {prop.name for prop in properties if prop.kind is Kind.SANITIZER}
    if "lockdep" in asked and _has_lock_cycle(_lock_edges(graph)):
        decided.add("lockdep")
    taken = [step for state in graph.layer for step, _ in graph.moves(state)]
    return Answer(
        states=len(graph.layer),
        transitions=len(taken),
        depth=max(graph.layer.values()),
        decided=frozenset(decided),
        distance=distance,
        antecedents=frozenset(
            (prop.name, number)
            for prop in properties
            for number, part in enumerate(prop.antecedents)
            if any(reader(part.formula)(dict(state)) for state in graph.layer)
        ),
        covered=frozenset(point for step in taken for point in step.covers),
        halted=frozenset(f.sanitizer for state in graph.layer for f in graph.faults(state) if f.halts),
    )


def _decides(graph: Graph, prop: Property, state: Key) -> bool:
    world = dict(state)
    holds, defined = (reader(expr)(world) != 0 for expr in (prop.formula, prop.defined))
    match prop.kind:
        case Kind.INVARIANT | Kind.LEMMA:
            return not (defined and holds)
        case Kind.NEVER:
            return not defined or holds
        case Kind.COVER:
            return defined and holds
        case Kind.DEADLOCK_FREE:
            return _stuck(graph, state) and not reader(prop.rest)(world)
        case Kind.SANITIZER:
            by_fault = any(fault.sanitizer == prop.name for fault in graph.faults(state))
            by_rest = prop.name == "deadlock" and _stuck(graph, state)
            return by_fault or by_rest or (prop.name == "race" and _races(graph, state))
        case Kind.LTL | Kind.LEADS_TO | Kind.WITHIN | Kind.BOUND:
            raise AssertionError(f"{prop.name} is about runs, not about states")


def _stuck(graph: Graph, state: Key) -> bool:
    world = dict(state)
    waiting = [
        process
        for process in graph.system.processes
        if not process.daemon
        and process.kind in (ProcessKind.THREAD, ProcessKind.KTHREAD)
        and world[process.pc, 0] != process.done
    ]
    return bool(waiting) and not graph.moves(state) and not any(fault.halts for fault in graph.faults(state))


def _races(graph: Graph, state: Key) -> bool:
    world = dict(state)
    touches = [
        (step.process, place, access)
        for step, _ in graph.moves(state)
        for access in step.accesses
        if (place := cell(access.place, world)) is not None
    ]
    return any(
        a != b and place == other and {x.write, y.write} != {False} and {x.marked, y.marked} != {True}
        for (a, place, x), (b, other, y) in product(touches, repeat=2)
    )


def _lock_edges(graph: Graph) -> set[tuple[int, int, int]]:
    """Triples of process, lock held and lock wanted."""
    edges: set[tuple[int, int, int]] = set()
    for state in graph.layer:
        world = dict(state)
        for step, _ in graph.moves(state):
            wanted = -1 if step.acquire is None else reader(step.acquire)(world)
            held = [n for n, lock in enumerate(graph.system.locks) if reader(lock.holders[step.process])(world)]
            if 0 <= wanted < len(graph.system.locks):
                edges.update((step.process, lock, wanted) for lock in held if lock != wanted)
    return edges


def _has_lock_cycle(edges: Iterable[tuple[int, int, int]]) -> bool:
    """Whether some circle of locks can be dealt out to different processes."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    for process, held, wanted in edges:
        graph.add_edge(held, wanted)
        graph[held][wanted].setdefault("by", set()).add(process)
    everyone = {process for process, _, _ in edges}
    for circle in nx.simple_cycles(graph):
        pairs = list(zip(circle, circle[1:] + circle[:1], strict=True))
        for order in permutations(sorted(everyone), len(pairs)):
            if all(process in graph[a][b]["by"] for process, (a, b) in zip(order, pairs, strict=True)):
                return True
    return False
