"""Compiles a thread of a syntax tree for the stack machine of `tests.interpreter`, by docs/language.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import networkx as nx

from oomcheck.lang import tree as t
from tests.compiler_values import Values
from tests.looks import Scope
from tests.machine import WORD, Code, Instruction, Kind, Mark, Memory, Slot, kind_of

#: Where a thread may rest: an access or a choice follows. At `forced` it is seen even if nothing was accessed yet.
ACCESSES = frozenset({"load", "keep", "store", "under", "object", "await", "check", "queue", "asleep", "leave"})
NATURAL = ACCESSES | {"either", "choose", "atomic"}
FORCED = frozenset({"label", "loop", "end"})


@dataclass
class Frame:
    """A body being compiled: the thread's own or that of an expanded function."""

    exit: Mark
    result: Kind | None
    atomic: int
    scopes: list[list[int]] = field(default_factory=list)
    labels: dict[str, tuple[Mark, int, int]] = field(default_factory=dict)  # place, scopes, atomic blocks
    loops: list[tuple[Mark, Mark, int, int]] = field(default_factory=list)  # break, continue, scopes, atomic blocks


class Compiler(Values):
    """Compiles one thread."""

    def __init__(self, memory: Memory, me: int) -> None:
        super().__init__(memory, me)
        self.frames: list[Frame] = []

    def run(self) -> Code:
        """The code of the whole thread."""
        end = Mark()
        self.body(self.thread.body, {}, end, None)
        self.put(end)
        self.emit("end")
        self.cut_loops()
        return self.code

    # ------------------------------------------------------------ code

    def cut_loops(self) -> None:
        """A thread is seen somewhere in a loop that it can run through without access or label: here at its head."""
        code = self.code.instructions
        graph: nx.DiGraph[int] = nx.DiGraph()
        for here, instruction in enumerate(code):
            if not (instruction.block or instruction.name in ACCESSES or instruction.name in ("label", "end")):
                graph.add_edges_from((here, there) for there in following(code, here))
        heads: set[int] = set()
        while loops := [c for c in nx.strongly_connected_components(graph) if len(c) > 1]:
            for loop in loops:
                heads.add(min(loop))
                graph.remove_node(min(loop))
        for here, instruction in enumerate(code):
            if instruction.name == "loop" and here not in heads:
                code[here] = Instruction("nothing", (), instruction.block)
        assert all(code[here].name == "loop" for here in heads)
        self.code.cut = bool(heads)

    # ------------------------------------------------------------ bodies

    def body(self, body: t.Block, scope: Scope, end: Mark, result: Kind | None) -> None:
        """A body whose returns lead to `end`."""
        self.frames.append(Frame(end, result, self.atomic))
        self.statement(body, scope)
        self.frames.pop()

    def call(self, function: t.FunctionDecl, arguments: tuple[t.Expr, ...], scope: Scope) -> bool:
        """An expanded function; tells whether it leaves a result."""
        inner: Scope = {}
        slots: list[Slot] = []
        for formal, argument in zip(function.formals, arguments, strict=True):
            if formal.type.form is t.TypeForm.OBJECT:
                kind = self.place(argument.place if isinstance(argument, t.Address) else argument, scope)
                slots.append(self.slot(Kind("object", name=kind.form)))
            else:
                self.value(argument, scope)
                slots.append(self.slot(kind_of(formal.type, self.memory)))
            inner[formal.name.text] = slots[-1]
        for slot in reversed(slots):
            self.emit("set", slot)
        result = None if function.type.form is t.TypeForm.VOID else kind_of(function.type, self.memory)
        end = Mark()
        self.body(function.body, inner, end, result)
        self.put(end)
        self.emit("unset", [slot.number for slot in slots])
        return result is not None

    def leave(self, scopes: int, atomic: int, target: Mark) -> None:
        """Jump out of scopes and atomic blocks."""
        frame = self.frames[-1]
        self.emit("unset", [number for scope in frame.scopes[scopes:] for number in scope])
        before = self.atomic
        for _ in range(before - atomic):
            self.emit("done")
            self.atomic -= 1
        self.emit("jump", target)
        self.atomic = before

    # ------------------------------------------------------------ statements

    def nested(self, stmt: t.Stmt, scope: Scope) -> None:
        """A statement as the body of another: a scope of its own."""
        self.statement(stmt if isinstance(stmt, t.Block) else t.Block((stmt,), stmt.span), scope)

    @contextmanager
    def block_of(self, *slots: Slot) -> Iterator[list[int]]:
        """A scope of locals, which are gone behind it."""
        frame = self.frames[-1]
        frame.scopes.append([slot.number for slot in slots])
        yield frame.scopes[-1]
        self.emit("unset", frame.scopes.pop())

    def statement(self, stmt: t.Stmt, scope: Scope) -> None:
        """Any statement."""
        match stmt:
            case t.Block():
                self.block(stmt, scope)
            case t.Labelled(label=label, body=body):
                self.put(self.frames[-1].labels[label.text][0])
                self.emit("label" if not self.atomic else "nothing")
                self.statement(body, scope)
            case t.If(condition=condition, then=then, other=other):
                no, done = Mark(), Mark()
                self.value(condition, scope)
                self.emit("unless", no)
                self.nested(then, scope)
                self.emit("jump", done)
                self.put(no)
                if other is not None:
                    self.nested(other, scope)
                self.put(done)
            case t.While(condition=condition, body=body):
                self.loop(condition, body, scope)
            case t.ForRange():
                self.counting(stmt, scope)
            case t.ForEach(variable=variable, domain=domain, body=body):
                done = Mark()
                for value in self.values(t.Domain(domain, None), scope):
                    following = Mark()
                    self.looped(body, {**scope, variable.text: value}, done, following)
                    self.put(following)
                self.put(done)
            case t.Atomic(body=body):
                self.emit("atomic")
                self.atomic += 1
                self.statement(body, scope)
                self.emit("done")
                self.atomic -= 1
            case t.Either(branches=branches):
                done, starts = Mark(), tuple(Mark() for _ in branches)
                self.emit("either", starts)
                for branch, start in zip(branches, starts, strict=True):
                    self.put(start)
                    self.statement(branch, scope)
                    self.emit("jump", done)
                self.put(done)
            case _:
                self.simple(stmt, scope)

    def block(self, stmt: t.Block, outer: Scope) -> None:
        """A scope; its labels may be jumped to from within."""
        frame, scope = self.frames[-1], dict(outer)
        with self.block_of() as slots:
            for inner in stmt.body:
                while isinstance(inner, t.Labelled):
                    frame.labels[inner.label.text] = (Mark(), len(frame.scopes), self.atomic)
                    inner = inner.body
            for inner in stmt.body:
                if isinstance(inner, t.Local):
                    for declarator in inner.declarators:
                        slot = self.slot(kind_of(inner.type, self.memory))
                        if declarator.init is not None:
                            self.value(declarator.init, scope)
                            self.emit("set", slot)
                        scope[declarator.name.text] = slot
                        slots.append(slot.number)
                else:
                    self.statement(inner, scope)

    def loop(self, condition: t.Expr | None, body: t.Stmt, scope: Scope) -> None:
        """A while loop."""
        head, done = Mark(), Mark()
        self.put(head)
        self.emit("loop")
        if condition is not None:
            self.value(condition, scope)
            self.emit("unless", done)
        self.looped(body, scope, done, head)
        self.emit("jump", head)
        self.put(done)

    def looped(self, body: t.Stmt, scope: Scope, done: Mark, following: Mark) -> None:
        """The body of a loop."""
        frame = self.frames[-1]
        frame.loops.append((done, following, len(frame.scopes), self.atomic))
        self.nested(body, scope)
        frame.loops.pop()

    def counting(self, stmt: t.ForRange, scope: Scope) -> None:
        """Bounds are evaluated once."""
        counter, last = self.slot(Kind("int", *WORD)), self.slot(Kind("int", *WORD))
        self.value(stmt.first, scope)
        self.value(stmt.last, scope)
        head, advance, done = Mark(), Mark(), Mark()
        with self.block_of(counter, last):
            self.emit("set", last)
            self.emit("set", counter)
            self.put(head)
            self.emit("loop")
            self.emit("local", counter)
            self.emit("local", last)
            self.emit("operate", ">=" if stmt.down else "<=")
            self.emit("unless", done)
            self.looped(stmt.body, {**scope, stmt.variable.text: counter}, done, advance)
            self.put(advance)
            self.emit("local", counter)
            self.emit("push", -1 if stmt.down else 1)
            self.emit("operate", "+")
            self.emit("set", counter)
            self.emit("jump", head)
            self.put(done)

    def simple(self, stmt: t.Stmt, scope: Scope) -> None:
        """A statement that contains no other."""
        frame = self.frames[-1]
        match stmt:
            case t.Assign():
                self.assign(stmt, scope)
            case t.CallStmt(call=call):
                if self.operation(call, scope):
                    self.emit("pop")
            case t.Choose(variable=variable, domain=domain):
                self.emit("choose", scope[variable.text], list(self.values(domain, scope)))
            case t.TestStmt(kind=kind, condition=condition):
                free = kind is not t.Test.AWAIT and not self.shared(condition, scope)
                self.emit(
                    "await" if kind is t.Test.AWAIT else "test" if free else "check",
                    kind.value,
                    self.look(condition, scope),
                )
            case t.Return(value=value):
                if value is not None:
                    self.value(value, scope)
                    self.emit("range", frame.result)
                self.leave(0, frame.atomic, frame.exit)
            case t.Goto(label=label):
                mark, scopes, atomic = frame.labels[label.text]
                self.leave(scopes, atomic, mark)
            case t.Jump(kind="skip"):
                pass
            case t.Jump(kind=word):
                done, following, scopes, atomic = frame.loops[-1]
                self.leave(scopes, atomic, done if word == "break" else following)
            case _:
                raise NotImplementedError(stmt)

    def assign(self, stmt: t.Assign, scope: Scope) -> None:
        """A store; the place of `+=` is found once."""
        place = stmt.place
        local = scope.get(place.name) if isinstance(place, t.Ident) else None
        if isinstance(local, Slot):
            if stmt.operator != "=":
                self.emit("local", local)
            self.value(stmt.value, scope)
            if stmt.operator != "=":
                self.emit("operate", stmt.operator[0])
            self.emit("set", local)
            return
        if self.is_ghost(place):
            address, value = self.address(place, scope), self.look(stmt.value, scope)
            self.emit("ghost", address, value, "" if stmt.operator == "=" else stmt.operator[0])
        elif stmt.operator == "=":
            self.value(stmt.value, scope)
            self.place(place, scope)
            self.emit("store")
        else:
            self.place(place, scope)
            self.emit("keep")
            self.value(stmt.value, scope)
            self.emit("operate", stmt.operator[0])
            self.emit("under")

    def is_ghost(self, place: t.Expr) -> bool:
        """Whether a place is a ghost variable."""
        while isinstance(place, t.Element):
            place = place.base
        found = self.global_(place.name) if isinstance(place, t.Ident) else None
        return found is not None and found.base in self.memory.ghosts


def following(code: list[Instruction], here: int) -> list[int]:
    """Where an instruction may lead."""
    instruction = code[here]
    return [*instruction.targets(), *([] if instruction.name in ("jump", "either", "end") else [here + 1])]
