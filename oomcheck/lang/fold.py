"""From flow to steps: joins free edges with the access beside them.

A stop is a node at which a thread can rest between steps: where an access or a
choice follows, at a label, at the end, and on each local loop. From a stop, every
path of free edges, one access, and free edges again up to the next stop is one
transition; its guard and updates are computed by symbolic execution.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import field, replace

from oomcheck.diag.diagnostic import error
from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Var, and_, eq, ite, not_
from oomcheck.ir.system import Access, Action, Update
from oomcheck.ir.walk import rewrite
from oomcheck.lang.flow import Edge, Flow
from oomcheck.lang.quantifiers import has_quantifier, untangled
from oomcheck.objects.base import Check, EdgeKind
from oomcheck.records import dataclass

BUDGET = 20_000  # edges looked at from one stop


@dataclass(slots=True)
class Memory:
    """Symbolic values: of scalars, and writes to arrays in order."""

    scalars: dict[str, Expr] = field(default_factory=dict)
    variables: dict[str, Var] = field(default_factory=dict)
    arrays: dict[str, tuple[tuple[Expr, Expr], ...]] = field(default_factory=dict)
    quantified: bool = False  # whether some value has a quantifier

    def copy(self) -> Memory:
        """An independent copy."""
        return Memory(dict(self.scalars), dict(self.variables), dict(self.arrays), self.quantified)

    def read(self, expr: Expr) -> Expr:
        """`expr` over the state before the step."""
        if not self.scalars and not self.arrays:
            return expr
        found = rewrite(expr, self._leaf)
        return untangled(found) if self.quantified else found

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        if isinstance(leaf, Var):
            return self.scalars.get(leaf.name, leaf)
        if isinstance(leaf, Index):
            value: Expr = leaf
            for position, stored in self.arrays.get(leaf.array.name, ()):
                value = ite(eq(position, leaf.index), stored, value)
            return value
        return leaf

    def write(self, updates: tuple[tuple[Var | Index, Expr], ...]) -> None:
        """Simultaneous updates: everything is read before anything is written."""
        ready: list[tuple[Var | Index, Expr]] = []
        for place, value in updates:
            stored = self.read(value)
            ready.append((Index(place.array, self.read(place.index)) if isinstance(place, Index) else place, stored))
        self.quantified = self.quantified or any(has_quantifier(stored) for _, stored in ready)
        for place, stored in ready:
            if isinstance(place, Var):
                self.scalars[place.name] = stored
                self.variables[place.name] = place
            else:
                name = place.array.name
                self.variables[name] = place.array
                kept = tuple(pair for pair in self.arrays.get(name, ()) if pair[0] != place.index)
                self.arrays[name] = (*kept, (place.index, stored))

    def updates(self) -> Iterator[Update]:
        """What the step changes."""
        for name, value in self.scalars.items():
            var = self.variables[name]
            if value != var:
                yield Update(var, value)
        for name, writes in self.arrays.items():
            for position, value in writes:
                target = Index(self.variables[name], position)
                if value != target or len(writes) > 1:
                    yield Update(target, value)


@dataclass(slots=True)
class Path:
    """A path under construction."""

    node: int
    accessed: bool
    memory: Memory
    guard: Expr
    actions: tuple[Action, ...]
    main: int
    accesses: tuple[Access, ...]
    acquire: Expr | None
    covers: frozenset[int]
    length: int
    free: Action | None = None  # of the last free edge, for steps that access nothing
    costs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A transition between stops, before locations are numbered."""

    origin: int
    target: int
    guard: Expr
    updates: tuple[Update, ...]
    actions: tuple[Action, ...]
    main: int
    accesses: tuple[Access, ...]
    acquire: Expr | None
    covers: frozenset[int]
    costs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Misuse:
    """A fault at a stop, before locations are numbered."""

    origin: int
    guard: Expr
    check: Check
    action: Action


@dataclass(frozen=True, slots=True)
class Folded:
    """All steps of a thread; `stops` in the order in which they were reached."""

    entry: int
    first: tuple[tuple[str, int], ...]  # values that locals get before the first step
    passed: frozenset[int]  # statements that run before it, as part of the initial state
    stops: tuple[int, ...]
    steps: tuple[Step, ...]
    faults: tuple[Misuse, ...]


def fold(flow: Flow, registers: Collection[str]) -> Folded:
    """The steps of a thread; `registers` are the names of its own variables."""
    return _Folder(flow, registers).run()


class _Folder:
    def __init__(self, flow: Flow, registers: Collection[str]) -> None:
        self._flow = flow
        self._registers = registers
        self._outgoing = flow.outgoing()
        self._forced = {node for nodes in flow.labels.values() for node in nodes if node not in flow.inner}
        self._forced.add(flow.exit)
        self._forced.update(flow.waits)  # the countdown starts before and is tested after
        self._cut_loops()
        self._steps: list[Step] = []
        self._faults: dict[tuple[int, Expr, str, str], Misuse] = {}

    def run(self) -> Folded:
        """Explore from the first stop."""
        entry, first, passed = self._first()
        reached = [entry]
        seen = set(reached)
        for stop in reached:
            for step in self._from(stop):
                self._steps.append(step)
                if step.target not in seen:
                    seen.add(step.target)
                    reached.append(step.target)
        return Folded(entry, first, passed, tuple(reached), tuple(self._steps), tuple(self._faults.values()))

    def _first(self) -> tuple[int, tuple[tuple[str, int], ...], frozenset[int]]:
        """The first stop, what locals are there, and the statements passed: a local start is no step."""
        node, memory, passed = self._flow.entry, Memory(), frozenset[int]()
        while node not in self._forced and not self._natural(node):
            ways = [
                (edge, guard) for edge in self._outgoing.get(node, ()) if (guard := memory.read(edge.guard)) != FALSE
            ]
            if len(ways) != 1 or ways[0][1] != TRUE or ways[0][0].checks:
                break
            edge = ways[0][0]
            following = memory.copy()
            following.write(edge.updates)
            own = following.scalars.keys() <= set(self._registers)  # ghosts are written in the first step
            if not own or following.arrays or not all(isinstance(v, Lit) for v in following.scalars.values()):
                break
            memory, node = following, edge.target
            passed |= frozenset() if edge.point is None else {edge.point}
        first = tuple((name, v.value) for name, v in memory.scalars.items() if isinstance(v, Lit))
        return node, first, passed

    def _halting(self, node: int) -> list[Expr]:
        """What must hold for any step from a node: a halting misuse stops all its alternatives."""
        return [
            check.ok
            for edge in self._outgoing.get(node, ())
            if edge.kind is not EdgeKind.FREE
            for check in edge.checks
            if check.halts
        ]

    def _natural(self, node: int) -> bool:
        """A node where an access or a choice follows."""
        return node not in self._flow.inner and any(
            edge.kind is not EdgeKind.FREE for edge in self._outgoing.get(node, ())
        )

    def _cut_loops(self) -> None:
        """Make one node of each loop without an access a stop: where a depth-first walk closes it."""
        done: set[int] = set()
        for start in sorted(self._outgoing):
            self._walk(start, done)

    def _walk(self, start: int, done: set[int]) -> None:
        active: dict[int, Iterator[int]] = {}  # nodes of the current path, with what is left to visit
        entered = start
        while True:
            if entered not in done and entered not in self._forced and entered not in active:
                active[entered] = self._next_without_access(entered)
            elif entered in active:
                self._forced.add(entered)
            while active:
                node = next(reversed(active))
                following = next(active[node], None)
                if following is not None and node not in self._forced:
                    entered = following
                    break
                del active[node]
                done.add(node)
            else:
                return

    def _next_without_access(self, node: int) -> Iterator[int]:
        for edge in self._outgoing.get(node, ()):
            if not edge.inner and edge.kind is not EdgeKind.STEP and edge.guard != FALSE:
                yield edge.target

    def _from(self, stop: int) -> Iterator[Step]:
        """All steps that start at a stop."""
        start = Path(stop, False, Memory(), TRUE, (), 0, (), None, frozenset(), 0)
        stack = [start]
        looked = 0
        while stack:
            path = stack.pop()
            if path.length and self._ends(path):
                yield self._step(stop, path)
                continue
            for edge in reversed(self._outgoing.get(path.node, ())):
                looked += 1
                if looked > BUDGET:
                    span = edge.action.span if edge.action else None
                    raise error("E0302", "too many paths through one step", span, "split the atomic block")
                following = self._follow(stop, path, edge)
                if following is not None:
                    stack.append(following)

    def _ends(self, path: Path) -> bool:
        if path.node in self._flow.inner:
            return False
        return path.node in self._forced or (path.accessed and self._natural(path.node))

    def _step(self, stop: int, path: Path) -> Step:
        return Step(
            stop,
            path.node,
            path.guard,
            tuple(path.memory.updates()),
            path.actions or (path.free or Action("goes on"),),
            path.main,
            path.accesses,
            path.acquire,
            path.covers,
            _summed(path.costs),
        )

    def _follow(self, stop: int, path: Path, edge: Edge) -> Path | None:
        """The path extended by an edge; None if its guard is false."""
        outer = edge.kind is EdgeKind.STEP and not edge.inner
        taken = path.memory.read(edge.guard)
        guarded = edge.kind is EdgeKind.FREE
        guard = path.guard if guarded else and_(path.guard, *map(path.memory.read, self._halting(edge.origin)))
        before = path.guard
        for check in edge.checks:
            ok = path.memory.read(check.ok)
            if ok == TRUE:
                continue
            self._fault(stop, and_(before, taken, not_(ok)) if guarded else and_(before, not_(ok)), check, path, edge)
            if check.halts:
                before = and_(before, ok)
                guard = and_(guard, ok)
        guard = and_(guard, taken)
        if isinstance(guard, Lit) and not guard.value:
            return None
        memory = path.memory.copy() if edge.updates else path.memory
        if edge.updates:
            memory.write(edge.updates)
        actions, main = path.actions, path.main
        if edge.action is not None and edge.kind is not EdgeKind.FREE:
            read = self._read_action(path, edge.action)
            if outer or not actions:
                main = len(actions)
            actions = (*actions, read)
        accesses = tuple(_moved(access, path.memory) for access in edge.accesses)
        acquire = path.memory.read(edge.acquire) if edge.acquire is not None else path.acquire
        covers = path.covers if edge.point is None else path.covers | {edge.point}
        return Path(
            edge.target,
            path.accessed or outer,
            memory,
            guard,
            actions,
            main,
            (*path.accesses, *accesses),
            acquire,
            covers,
            path.length + 1,
            edge.action or path.free,
            (*path.costs, *edge.costs),
        )

    def _read_action(self, path: Path, action: Action) -> Action:
        result = action.result
        if result is not None:
            result = (path.memory.read(result[0]), result[1])
        indices = tuple((text, path.memory.read(value), sort) for text, value, sort in action.indices)
        return replace(action, result=result, indices=indices)

    def _fault(self, stop: int, guard: Expr, check: Check, path: Path, edge: Edge) -> None:
        if isinstance(guard, Lit) and not guard.value:
            return
        action = edge.action or (path.actions[-1] if path.actions else Action("end of the thread"))
        key = (stop, guard, check.sanitizer, check.message)
        if key not in self._faults:
            self._faults[key] = Misuse(stop, guard, check, action)


def _summed(costs: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Each counter once, with all that it is raised by."""
    total: dict[str, int] = {}
    for name, amount in costs:
        total[name] = total.get(name, 0) + amount
    return tuple(sorted(total.items()))


def _moved(access: Access, memory: Memory) -> Access:
    place = access.place
    if isinstance(place, Index):
        place = Index(place.array, memory.read(place.index))
    return Access(place, access.write, access.marked, access.span)
