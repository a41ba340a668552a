"""A small-step interpreter of syntax trees, written from docs/language.md: the judge of the lowering.

`tests.compiler` makes of each thread the code of a stack machine; here it is run from explicit states, one step at a
time, through all interleavings. A state is the shared memory and for each thread its position, its locals and its
operands. Nothing here comes from `oomcheck.lang` but the parser and the tree, nor from the engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from oomcheck.lang import tree as t
from tests.compiler import FORCED, NATURAL, Compiler, following
from tests.kernel import Blocked, operate
from tests.looks import at, element
from tests.machine import Address, Code, Declarations, Halt, Kind, Memory, Slot, Wrong, arithmetic

Cells = tuple[int, ...]
Local = tuple[int, tuple[int | None, ...], tuple[Any, ...]]  # position, locals, operands
State = tuple[Cells, tuple[Local, ...]]


class TooLarge(Exception):  # noqa: N818 - no error
    """More states than wanted."""


@dataclass(frozen=True)
class Run:
    """A step under construction."""

    position: int
    local: tuple[int | None, ...]
    stack: tuple[Any, ...]
    cells: Cells
    accessed: bool = False
    moved: bool = False
    depth: int = 0
    seen: frozenset[str] = frozenset()

    def next(self, *push: object, pop: int = 0) -> Run:
        """Behind the instruction, with other operands."""
        stack = self.stack[: len(self.stack) - pop] + push
        return replace(self, position=self.position + 1, stack=stack, moved=True)


@dataclass
class Outcome:
    """What a model does: reachable shared memories by name, faults, deadlocks.

    `certain` are the sanitizers violated by steps that go on or end in a halting misuse, `possible` those of steps
    that turn out not to be enabled too.
    """

    names: tuple[str, ...]
    ghosts: frozenset[str]
    memories: set[Cells] = field(default_factory=set)
    initial: State = ((), ())
    deadlock: bool = False
    certain: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    graph: dict[State, list[tuple[int, State]]] = field(default_factory=dict)  # steps by the number of the thread
    local_start: bool = False  # some thread is seen (at a label, loop or its end) before its first access
    cut: bool = False  # some loop accesses nothing: it rests somewhere, and ghosts behind it are written later


def interpret(model: t.ModelFile, limit: int) -> Outcome:
    """Explore all behaviours of a model; `TooLarge` beyond `limit` states.

    `NotImplementedError` for what the interpreter does not know.
    """
    try:
        explorer = _Explorer(Declarations(model).memory, limit)
    except (KeyError, AssertionError) as unknown:
        raise NotImplementedError(str(unknown)) from unknown
    return explorer.run()


class _Explorer:
    def __init__(self, memory: Memory, limit: int) -> None:
        self.memory = memory
        self.limit = limit
        self.codes = [Compiler(memory, me).run() for me in range(len(memory.threads))]
        self.daemons = [thread.daemon or thread.kind == "env" for _, thread, _ in memory.threads]
        ghosts = frozenset(memory.names[i] for i in memory.ghosts)
        self.outcome = Outcome(tuple(memory.names), ghosts)
        self.outcome.local_start = any(map(starts_locally, self.codes))
        self.outcome.cut = any(code.cut for code in self.codes)
        self.halted = False

    def run(self) -> Outcome:
        """Depth-first search."""
        threads = tuple(self.start(me, code) for me, code in enumerate(self.codes))
        initial = (tuple(self.memory.first), threads)
        self.outcome.initial = initial
        seen, work = {initial}, [initial]
        while work:
            state = work.pop()
            self.halted = False
            moves = self.outcome.graph.setdefault(state, [])
            for me in range(len(self.codes)):
                for after in self.steps(state, me):
                    moves.append((me, after))
                    if after not in seen:
                        if len(seen) == self.limit:
                            raise TooLarge
                        seen.add(after)
                        work.append(after)
            if not moves and not self.halted and not all(map(self.may_rest, range(len(self.codes)), repeat(state))):
                self.outcome.deadlock = True
        self.outcome.memories = {cells for cells, _ in seen}
        return self.outcome

    def may_rest(self, me: int, state: State) -> bool:
        """Whether a thread may stay where it is for ever."""
        return self.daemons[me] or self.codes[me].instructions[state[1][me][0]].name == "end"

    def start(self, me: int, code: Code) -> Local:
        """The first place where the thread can be seen; what is local and certain happens before."""
        start = run = Run(0, (None,) * code.slots, (), tuple(self.memory.first))
        while True:
            instruction = code.instructions[run.position]
            if instruction.name in NATURAL | FORCED:
                return run.position, run.local, run.stack
            if instruction.name in ("ghost", "test"):
                break
            try:
                ways = list(self.execute(me, run))
            except Halt:
                break
            if len(ways) != 1 or ways[0].seen:
                break
            run = ways[0]
        return start.position, start.local, start.stack

    def steps(self, state: State, me: int) -> Iterator[State]:
        """All states after a step of a thread."""
        cells, threads = state
        position, local, stack = threads[me]
        if self.codes[me].instructions[position].name == "end":
            return
        work = [Run(position, local, stack, cells)]
        while work:
            run = work.pop()
            name = self.codes[me].instructions[run.position].name
            if run.depth == 0 and ((run.moved and name in FORCED) or (run.accessed and name in NATURAL)):
                self.outcome.certain |= run.seen
                now = (run.position, run.local, run.stack)
                yield run.cells, (*threads[:me], now, *threads[me + 1 :])
                continue
            try:
                for after in self.execute(me, run):
                    self.outcome.possible |= after.seen
                    work.append(after)
            except Halt as halt:
                self.halted = True
                if halt.args[0] != "assume":
                    self.outcome.possible.add(halt.args[0])
                    self.outcome.certain |= {halt.args[0], *run.seen}
            except Blocked:
                pass

    # ------------------------------------------------------------ instructions

    def execute(self, me: int, run: Run) -> Iterator[Run]:
        """What may follow after one instruction."""
        instruction = self.codes[me].instructions[run.position]
        args, stack = instruction.args, run.stack
        match instruction.name:
            case "push":
                yield run.next(args[0])
            case "pop":
                yield run.next(pop=1)
            case "nothing" | "label" | "loop":
                yield run.next()
            case "operate":
                yield run.next(arithmetic(args[0], stack[-2], stack[-1]), pop=2)
            case "not":
                yield run.next(int(not stack[-1]), pop=1)
            case "negate":
                yield run.next(-stack[-1], pop=1)
            case "jump":
                yield replace(run, position=args[0].position, moved=True)
            case "unless":
                after = run.next(pop=1)
                yield after if stack[-1] else replace(after, position=args[0].position)
            case "element":
                yield run.next(element(stack[-2], stack[-1], *args), pop=2)
            case "deref":
                yield run.next(stack[-1] - 1, pop=1)
            case "field":
                yield run.next(at(args[0], stack[-1]), pop=1)
            case "reference":
                yield run.next(self.cell(stack[-1]) + 1, pop=1)
            case "local" | "set" | "unset" | "range" | "choose" | "either":
                yield from self.local(instruction.name, args, run)
            case "atomic":
                yield replace(run.next(), depth=run.depth + 1)
            case "done":
                yield replace(run.next(), depth=run.depth - 1, accessed=run.accessed or run.depth == 1)
            case "ghost":
                yield self.ghost(args, run)
            case "test":
                yield self.look(args, run)
            case "check" | "await":
                yield replace(self.look(args, run), accessed=True)
            case _:
                yield replace(self.access(me, instruction.name, args, run), accessed=True)

    def local(self, name: str, args: tuple[Any, ...], run: Run) -> Iterator[Run]:
        """Locals and choices."""
        match name:
            case "local":
                slot: Slot = args[0]
                value = run.local[slot.number]
                if value is not None:
                    yield run.next(value)
                    return
                low, high = self.domain(slot.kind)
                for guess in range(low, high + 1):
                    after = replace(run.next(guess), seen=run.seen | {"uninit"})
                    yield self.written(after, slot, guess)
            case "set":
                yield self.written(run.next(pop=1), args[0], run.stack[-1])
            case "unset":
                kept = tuple(None if i in args[0] else value for i, value in enumerate(run.local))
                yield replace(run.next(), local=kept)
            case "range":
                self.fit(args[0], run.stack[-1])
                yield run.next()
            case "choose":
                for value in args[1]:
                    try:
                        yield self.written(run.next(), args[0], value)
                    except Halt as halt:
                        self.halted = True
                        self.outcome.possible.add(halt.args[0])
                        self.outcome.certain.add(halt.args[0])
            case _:
                for mark in args[0]:
                    yield replace(run, position=mark.position, moved=True)

    def domain(self, kind: Kind) -> tuple[int, int]:
        """The values that a never-written local may have."""
        return (0, self.memory.counts[kind.name]) if kind.form == "ptr" else (kind.low, kind.high)

    def written(self, run: Run, slot: Slot, value: int | Wrong) -> Run:
        """A local is written."""
        self.fit(slot.kind, value)
        number = slot.number
        return replace(run, local=(*run.local[:number], value, *run.local[number + 1 :]))  # type: ignore[arg-type]

    def fit(self, kind: Kind, value: int | Wrong) -> None:
        """A stored number must lie in the declared range."""
        if kind.form == "int" and isinstance(value, int) and not kind.low <= value <= kind.high:
            raise Halt("range")

    def cell(self, address: Address) -> int:
        """An address that is to be used."""
        if isinstance(address, Wrong):
            raise Halt(address.sanitizer)
        return address

    def stored(self, cells: Cells, address: Address, value: int) -> Cells:
        """The cells after a write."""
        number = self.cell(address)
        low, high = self.memory.ranges[number]
        if not low <= value <= high:
            raise Halt("range")
        return (*cells[:number], value, *cells[number + 1 :])

    def ghost(self, args: tuple[Any, ...], run: Run) -> Run:
        """A ghost statement, all of it in one instant."""
        place, value, operator = args
        new = value(run.cells, run.local)
        address = place(run.cells, run.local)
        if operator:
            new = arithmetic(operator, run.cells[self.cell(address)], new)
        return replace(run.next(), cells=self.stored(run.cells, address, new))

    def look(self, args: tuple[Any, ...], run: Run) -> Run:
        """await, assert, assume."""
        kind, condition = args
        holds = condition(run.cells, run.local)
        if kind == "await" and not holds:
            raise Blocked
        if kind == "assume" and not holds:
            raise Halt("assume")
        seen = run.seen | {"assert"} if kind == "assert" and not holds else run.seen
        return replace(run.next(), seen=seen)

    def access(self, me: int, name: str, args: tuple[Any, ...], run: Run) -> Run:
        """One access to shared state."""
        stack, cells = run.stack, run.cells
        match name:
            case "load":
                return run.next(cells[self.cell(stack[-1])], pop=1)
            case "keep":
                return run.next(cells[self.cell(stack[-1])])
            case "store":
                return replace(run.next(pop=2), cells=self.stored(cells, stack[-1], stack[-2]))
            case "under":
                return replace(run.next(pop=2), cells=self.stored(cells, stack[-2], stack[-1]))
            case "queue" | "leave" | "asleep":
                mine = self.cell(stack[-1]) + me
                if name == "asleep" and cells[mine]:
                    raise Blocked
                return replace(run.next(pop=1), cells=self.stored(cells, mine, int(name == "queue")))
            case _:
                operation, bit = args
                return self.operation(me, operation, bit, run)

    def operation(self, me: int, name: str, bit: int, run: Run) -> Run:
        """A kernel operation."""
        count = 1 + (name in ("atomic_set", "atomic_xchg", "refcount_set", "atomic_add", "atomic_sub", "xchg"))
        count += 2 * (name in ("atomic_cmpxchg", "cmpxchg"))
        operands = list(run.stack[-count:])
        address = operands.pop() if name in ("atomic_add", "atomic_sub") else operands.pop(0)
        number = self.cell(address) + bit
        sleepers = len(self.codes) if name in ("wake_up", "wake_up_all", "waitqueue_active") else 1
        done = operate(name, run.cells[number : number + sleepers], operands, me + 1)
        cells = run.cells
        for i, value in enumerate(done.cells):
            cells = self.stored(cells, number + i, value)
        after = run.next(*([] if done.result is None else [done.result]), pop=count)
        return replace(after, cells=cells, seen=run.seen | done.seen)


def starts_locally(code: Code) -> bool:
    """Whether a thread may come to a label, a loop or its end before it accesses anything."""
    reached, work = {0}, [0]
    while work:
        here = work.pop()
        instruction = code.instructions[here]
        if instruction.name in FORCED:
            return True
        if instruction.name not in NATURAL:
            ways = following(code.instructions, here)
            work += [there for there in ways if there not in reached]
            reached.update(ways)
    return False
