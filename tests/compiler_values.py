"""Expressions of threads for the stack machine of `tests.interpreter`: access by access, or in one instant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from oomcheck.lang import tree as t
from tests.machine import (
    Address,
    Code,
    Halt,
    Instruction,
    Kind,
    Look,
    Mark,
    Memory,
    Slot,
    Symbol,
    Variable,
    Wrong,
    arithmetic,
    constant,
)

#: Operations: o an object, v a value, b a flag (the word follows), p a plain variable.
OPERATIONS = {
    **dict.fromkeys(("spin_lock", "spin_unlock", "spin_trylock", "spin_is_locked"), "o"),
    **dict.fromkeys(("mutex_lock", "mutex_unlock", "mutex_trylock", "mutex_is_locked"), "o"),
    **dict.fromkeys(("test_bit", "set_bit", "clear_bit", "test_and_set_bit", "test_and_clear_bit"), "bo"),
    **dict.fromkeys(("refcount_read", "refcount_inc", "refcount_dec", "refcount_inc_not_zero"), "o"),
    **dict.fromkeys(("refcount_dec_and_test",), "o"),
    **dict.fromkeys(("atomic_read", "atomic_inc", "atomic_dec", "atomic_inc_return", "atomic_dec_return"), "o"),
    **dict.fromkeys(("atomic_dec_and_test", "atomic_inc_not_zero"), "o"),
    **dict.fromkeys(("atomic_set", "atomic_xchg", "refcount_set"), "ov"),
    **dict.fromkeys(("atomic_add", "atomic_sub"), "vo"),
    "atomic_cmpxchg": "ovv",
    "xchg": "pv",
    "cmpxchg": "pvv",
    **dict.fromkeys(("complete", "complete_all", "wait_for_completion", "try_wait_for_completion"), "o"),
    **dict.fromkeys(("reinit_completion", "completion_done"), "o"),
    **dict.fromkeys(("wake_up", "wake_up_all", "waitqueue_active"), "o"),
}
RESULTS = frozenset(
    [
        "spin_trylock",
        "spin_is_locked",
        "mutex_trylock",
        "mutex_is_locked",
        "test_bit",
        "test_and_set_bit",
        "test_and_clear_bit",
        "refcount_read",
        "refcount_inc_not_zero",
        "refcount_dec_and_test",
        "atomic_read",
        "atomic_inc_return",
        "atomic_dec_return",
        "atomic_dec_and_test",
        "atomic_inc_not_zero",
        "atomic_xchg",
        "atomic_cmpxchg",
        "xchg",
        "cmpxchg",
        "try_wait_for_completion",
        "completion_done",
        "waitqueue_active",
    ]
)

Scope = dict[str, Symbol]
Locals = Sequence[int | None]


class Values(ABC):
    """Compiles the expressions of one thread."""

    def __init__(self, memory: Memory, me: int) -> None:
        self.memory, self.me = memory, me
        _, self.thread, self.process = memory.threads[me]
        self.code = Code()
        self.atomic = 0

    @abstractmethod
    def call(self, function: t.FunctionDecl, arguments: tuple[t.Expr, ...], scope: Scope) -> bool:
        """An expanded function; tells whether it leaves a result."""

    # ------------------------------------------------------------ code

    def emit(self, name: str, *args: object) -> None:
        """Add an instruction."""
        self.code.instructions.append(Instruction(name, args, self.atomic > 0))

    def put(self, mark: Mark) -> None:
        """The mark stands here."""
        mark.position = len(self.code.instructions)

    def slot(self, kind: Kind) -> Slot:
        """A fresh local."""
        self.code.slots += 1
        return Slot(self.code.slots - 1, kind)

    # ------------------------------------------------------------ names

    def global_(self, name: str) -> Variable | None:
        """A variable of the running thread's process, or of the model."""
        return self.memory.globals.get(f"{self.process}.{name}") or self.memory.globals.get(name)

    def values(self, domain: t.Domain, scope: Scope) -> Iterator[int]:
        """The values of a set."""
        if domain.high is not None:
            yield from range(self.known(domain.low, scope), self.known(domain.high, scope) + 1)
            return
        assert isinstance(domain.low, t.Ident)
        name = domain.low.name
        if name in self.memory.enums:
            yield from range(len(self.memory.enums[name]))
        else:
            _, first, size = self.memory.objects[name]
            yield from range(first + 1, first + (size or 1) + 1)

    def known(self, expr: t.Expr, scope: Scope) -> int:
        """A value known now."""
        found = scope.get(expr.name) if isinstance(expr, t.Ident) else None
        return found if isinstance(found, int) else constant(expr, self.memory)

    def process_variable(self, place: t.Member) -> Variable | None:
        """`P.x` or `P[1].x`."""
        base = place.base
        if isinstance(base, t.Element) and isinstance(base.base, t.Ident) and isinstance(base.index, t.Number):
            return self.memory.globals.get(f"{base.base.name}[{base.index.value}].{place.member.text}")
        return self.memory.globals.get(f"{base.name}.{place.member.text}") if isinstance(base, t.Ident) else None

    def shared(self, expr: t.Expr, scope: Scope) -> bool:
        """Whether an expression reads shared state."""
        match expr:
            case t.Ident(name=name):
                return name not in scope and self.global_(name) is not None
            case t.Member() | t.Call():
                return True
            case t.Element(base=base, index=index):
                return self.shared(base, scope) or self.shared(index, scope)
            case t.Unary(operand=operand):
                return self.shared(operand, scope)
            case t.Binary(left=left, right=right):
                return self.shared(left, scope) or self.shared(right, scope)
            case t.Conditional(condition=condition, then=then, other=other):
                return any(self.shared(e, scope) for e in (condition, then, other))
            case t.Quantified(variable=variable, body=body):
                return self.shared(body, {**scope, variable.text: 0})
            case t.Address(place=t.Element(index=index)):
                return self.shared(index, scope)
            case _:
                return False

    # ------------------------------------------------------------ values, access by access

    def value(self, expr: t.Expr, scope: Scope) -> None:
        """Code that leaves the value of an expression."""
        match expr:
            case t.Number() | t.Truth() | t.Null():
                self.emit("push", constant(expr, self.memory))
            case t.Ident(name=name) if name in scope:
                found = scope[name]
                self.emit("local" if isinstance(found, Slot) else "push", found)
            case t.Ident(name=name) if self.global_(name) is None:
                self.emit("push", self.memory.constants[name])
            case t.Ident() | t.Element() | t.Member():
                self.place(expr, scope)
                self.emit("load")
            case t.Address(place=place):
                self.reference(place, scope)
            case t.Unary(operator=operator, operand=operand):
                self.value(operand, scope)
                self.emit("not" if operator == "!" else "negate")
            case t.Binary(operator="&&" | "||" | "->" as operator, left=left, right=right):
                self.value(left, scope)
                self.shortcut(operator, lambda: self.value(right, scope))
            case t.Binary(operator=operator, left=left, right=right):
                self.value(left, scope)
                self.value(right, scope)
                self.emit("operate", operator)
            case t.Conditional(condition=condition, then=then, other=other):
                no, done = Mark(), Mark()
                self.value(condition, scope)
                self.emit("unless", no)
                self.value(then, scope)
                self.emit("jump", done)
                self.put(no)
                self.value(other, scope)
                self.put(done)
            case t.Quantified():
                self.quantified(expr, scope)
            case t.Call():
                assert self.operation(expr, scope)
            case _:
                raise NotImplementedError(expr)

    def shortcut(self, operator: str, right: Callable[[], None]) -> None:
        """The left side is on the stack; the right side is evaluated only if it matters."""
        short, done = Mark(), Mark()
        if operator == "||":
            self.emit("not")
        self.emit("unless", short)
        right()
        self.emit("jump", done)
        self.put(short)
        self.emit("push", 0 if operator == "&&" else 1)
        self.put(done)

    def quantified(self, expr: t.Quantified, scope: Scope) -> None:
        """The instances in order; forall and exists stop early."""
        short, done = Mark(), Mark()
        self.emit("push", 0)
        for value in self.values(expr.domain, scope):
            self.value(expr.body, {**scope, expr.variable.text: value})
            if expr.kind == "count":
                self.emit("operate", "+")
            else:
                if expr.kind == "exists":
                    self.emit("not")
                self.emit("unless", short)
        if expr.kind != "count":
            self.emit("pop")
            self.emit("push", int(expr.kind == "forall"))
            self.emit("jump", done)
            self.put(short)
            self.emit("pop")
            self.emit("push", int(expr.kind != "forall"))
            self.put(done)

    # ------------------------------------------------------------ places

    def place(self, place: t.Expr, scope: Scope) -> Kind:
        """Code that leaves the address of a place."""
        match place:
            case t.Ident(name=name):
                found = scope.get(name)
                if isinstance(found, Slot):  # an object that was passed
                    self.emit("local", found)
                    return Kind(found.kind.name)
                variable = self.global_(name)
                assert variable is not None
                self.emit("push", variable.base)
                return variable.kind
            case t.Member() if (variable := self.process_variable(place)) is not None:
                self.emit("push", variable.base)
                return variable.kind
            case t.Element(base=base, index=index):
                variable = self.base_of(base, scope)
                self.value(index, scope)
                assert variable.size is not None
                self.emit("element", variable.size, variable.span)
                return variable.kind
            case t.Member():
                return self.base_of(place, scope).kind
            case _:
                raise NotImplementedError(place)

    def base_of(self, base: t.Expr, scope: Scope) -> Variable:
        """Code that leaves the address where a variable begins."""
        if isinstance(base, t.Ident):
            variable = self.global_(base.name)
        else:
            assert isinstance(base, t.Member)
            variable = self.process_variable(base)
            if variable is None:
                return self.member(base, scope)
        assert variable is not None
        self.emit("push", variable.base)
        return variable

    def member(self, place: t.Member, scope: Scope) -> Variable:
        """A field of an object."""
        struct = self.struct_of(place, scope)
        if place.arrow:
            self.value(place.base, scope)
            self.emit("deref")
        else:
            self.object_number(place.base, scope)
        variables = self.memory.fields[struct][place.member.text]
        self.emit("field", tuple(v.base for v in variables))
        return variables[0]

    def object_number(self, place: t.Expr, scope: Scope) -> None:
        """Code that leaves the number of a declared object."""
        if isinstance(place, t.Ident):
            self.emit("push", self.memory.objects[place.name][1])
        else:
            assert isinstance(place, t.Element)
            assert isinstance(place.base, t.Ident)
            _, first, size = self.memory.objects[place.base.name]
            self.emit("push", first)
            self.value(place.index, scope)
            self.emit("element", size, 1)

    def struct_of(self, place: t.Member, scope: Scope) -> str:
        """The struct whose field this is."""
        base = place.base
        if place.arrow:
            return self.type_of(base, scope).name
        name = base.base if isinstance(base, t.Element) else base
        assert isinstance(name, t.Ident)
        return self.memory.objects[name.name][0]

    def type_of(self, expr: t.Expr, scope: Scope) -> Kind:
        """The type of a reference."""
        match expr:
            case t.Ident(name=name):
                found = scope.get(name)
                variable = self.global_(name)
                if isinstance(found, Slot):
                    return found.kind
                if found is None and variable is not None:
                    return variable.kind
                return Kind("ptr", name=next(iter(self.memory.fields)))  # a value of a loop over objects
            case t.Element(base=base):
                return self.type_of(base, scope)
            case t.Member():
                return self.memory.fields[self.struct_of(expr, scope)][expr.member.text][0].kind
            case _:
                raise NotImplementedError(expr)

    def reference(self, place: t.Expr, scope: Scope) -> None:
        """`&object`."""
        if isinstance(place, t.Ident):
            self.emit("push", self.memory.objects[place.name][1] + 1)
        else:
            self.object_number(place, scope)
            self.emit("reference")

    # ------------------------------------------------------------ operations

    def operation(self, call: t.Call, scope: Scope) -> bool:
        """A function or a kernel operation; tells whether it leaves a result."""
        name, arguments = call.function.text, call.arguments
        if name in self.memory.functions:
            return self.call(self.memory.functions[name], arguments, scope)
        if name == "WRITE_ONCE":
            self.value(arguments[1], scope)
            self.place(arguments[0], scope)
            self.emit("store")
            return False
        if name in ("READ_ONCE", "data_race"):
            self.value(arguments[0], scope)
            return True
        if name == "wait_event":
            self.wait_event(arguments, scope)
            return False
        bit = 0
        for letter, argument in zip(OPERATIONS[name], arguments, strict=True):
            if letter == "v":
                self.value(argument, scope)
            elif letter == "b":
                assert isinstance(argument, t.Ident)
                bit = self.bit(argument.name, arguments[1], scope)
            else:
                self.place(argument.place if isinstance(argument, t.Address) else argument, scope)
        self.emit("object", name, bit)
        return name in RESULTS

    def bit(self, name: str, word: t.Expr, scope: Scope) -> int:
        """The number of a flag."""
        mark = len(self.code.instructions)
        kind = self.place(word, scope)
        del self.code.instructions[mark:]
        return kind.bits.index(name)

    def wait_event(self, arguments: tuple[t.Expr, ...], scope: Scope) -> None:
        """Test; else enqueue, test again, sleep until woken, from the enqueue again."""
        enqueue, sleep, done = Mark(), Mark(), Mark()
        self.value(arguments[1], scope)
        self.emit("unless", enqueue)
        self.emit("jump", done)
        self.put(enqueue)
        for name in ("queue", "asleep", "leave"):
            if name == "asleep":
                self.value(arguments[1], scope)
                self.emit("unless", sleep)
            if name == "leave":
                self.emit("jump", enqueue)
            if name == "asleep":
                after = Mark()
                self.emit("jump", after)
                self.put(sleep)
            if name == "leave":
                self.put(after)
            self.place(arguments[0], scope)
            self.emit(name)
        self.put(done)

    # ------------------------------------------------------------ values in one instant

    def look(self, expr: t.Expr, scope: Scope) -> Look:
        """A function of memory and locals; the misuse of a part that is not evaluated does not count."""
        match expr:
            case t.Ident(name=name) if isinstance(slot := scope.get(name), Slot):
                return lambda memory, local: _written(local[slot.number])
            case t.Number() | t.Truth() | t.Null() | t.Ident() if not self.shared(expr, scope):
                fixed = self.known(expr, scope)
                return lambda memory, local: fixed
            case t.Ident() | t.Element() | t.Member():
                address = self.address(expr, scope)
                return lambda memory, local: memory[_right(address(memory, local))]
            case t.Address(place=t.Ident(name=name)):
                number = self.memory.objects[name][1] + 1
                return lambda memory, local: number
            case t.Address(place=t.Element() as place):
                found = self.number_of(place, scope)
                return lambda memory, local: _right(found(memory, local)) + 1
            case t.Unary(operator=operator, operand=operand):
                inner = self.look(operand, scope)
                if operator == "!":
                    return lambda memory, local: int(not inner(memory, local))
                return lambda memory, local: -inner(memory, local)
            case t.Binary(operator=operator, left=left, right=right):
                return _binary(operator, self.look(left, scope), self.look(right, scope))
            case t.Conditional():
                c, a, b = (self.look(e, scope) for e in (expr.condition, expr.then, expr.other))
                return lambda memory, local: a(memory, local) if c(memory, local) else b(memory, local)
            case t.Quantified(variable=variable, body=body, kind=kind):
                values = self.values(expr.domain, scope)
                parts = [self.look(body, {**scope, variable.text: value}) for value in values]
                if kind == "count":
                    return lambda memory, local: sum(part(memory, local) for part in parts)
                decide = all if kind == "forall" else any
                return lambda memory, local: int(decide(part(memory, local) for part in parts))
            case t.Call():
                return self.looked(expr, scope)
            case _:
                raise NotImplementedError(expr)

    def looked(self, call: t.Call, scope: Scope) -> Look:
        """An operation that only reads."""
        name, arguments = call.function.text, call.arguments
        if name == "READ_ONCE":
            return self.look(arguments[0], scope)
        address = self.address(arguments[-1], scope)
        if name == "test_bit":
            assert isinstance(arguments[0], t.Ident)
            bit = self.bit(arguments[0].name, arguments[1], scope)
            return lambda memory, local: memory[_right(address(memory, local)) + bit]
        if name == "waitqueue_active":
            count = len(self.memory.threads)
            return lambda memory, local: int(any(memory[(a := _right(address(memory, local))) : a + count]))
        if name in ("spin_is_locked", "mutex_is_locked", "completion_done"):
            return lambda memory, local: int(memory[_right(address(memory, local))] != 0)
        assert name in ("atomic_read", "refcount_read"), name
        return lambda memory, local: memory[_right(address(memory, local))]

    def address(self, place: t.Expr, scope: Scope) -> Callable[[Sequence[int], Locals], Address]:
        """The address of a place in one instant."""
        match place:
            case t.Ident(name=name):
                if isinstance(slot := scope.get(name), Slot):
                    return lambda memory, local: _written(local[slot.number])
                variable = self.global_(name)
            case t.Member():
                variable = self.process_variable(place)
                if variable is None:
                    return self.member_address(place, scope)
            case t.Element(base=base, index=index):
                start, position = self.address(base, scope), self.look(index, scope)
                before = len(self.code.instructions)
                variable = self.base_of(base, scope)
                del self.code.instructions[before:]
                size, span = variable.size or 0, variable.span
                return lambda memory, local: element(start(memory, local), position(memory, local), size, span)
            case _:
                raise NotImplementedError(place)
        assert variable is not None
        fixed = variable.base
        return lambda memory, local: fixed

    def member_address(self, place: t.Member, scope: Scope) -> Callable[[Sequence[int], Locals], Address]:
        """The address of a field in one instant."""
        bases = [v.base for v in self.memory.fields[self.struct_of(place, scope)][place.member.text]]
        if place.arrow:
            pointer = self.look(place.base, scope)
            return lambda memory, local: at(bases, pointer(memory, local) - 1)
        number = self.number_of(place.base, scope)
        return lambda memory, local: at(bases, number(memory, local))

    def number_of(self, place: t.Expr, scope: Scope) -> Callable[[Sequence[int], Locals], Address]:
        """The number of a declared object in one instant."""
        if isinstance(place, t.Ident):
            fixed = self.memory.objects[place.name][1]
            return lambda memory, local: fixed
        assert isinstance(place, t.Element)
        assert isinstance(place.base, t.Ident)
        _, first, size = self.memory.objects[place.base.name]
        position = self.look(place.index, scope)
        return lambda memory, local: element(first, position(memory, local), size or 1, 1)


def element(start: Address, position: int, size: int, span: int) -> Address:
    """The address of an array's element."""
    if isinstance(start, Wrong):
        return start
    return start + position * span if 0 <= position < size else Wrong("range")


def at(bases: Sequence[int], number: Address) -> Address:
    """The address of a field of an object; -1 is NULL."""
    if isinstance(number, Wrong):
        return number
    return bases[number] if number >= 0 else Wrong("null")


def _written(value: int | None) -> int:
    if value is None:
        raise Halt("uninit")
    return value


def _right(address: Address) -> int:
    if isinstance(address, Wrong):
        raise Halt(address.sanitizer)
    return address


def _binary(operator: str, left: Look, right: Look) -> Look:
    match operator:
        case "&&":
            return lambda memory, local: int(left(memory, local) and right(memory, local))
        case "||":
            return lambda memory, local: int(left(memory, local) or right(memory, local))
        case "->":
            return lambda memory, local: int(not left(memory, local) or right(memory, local))
        case _:
            return lambda memory, local: arithmetic(operator, left(memory, local), right(memory, local))
