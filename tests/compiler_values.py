"""Expressions of threads for the stack machine of `tests.interpreter`: access by access."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from oomcheck.lang import tree as t
from tests.looks import Looks, Scope
from tests.machine import Instruction, Kind, Mark, Slot, Variable, constant

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


class Values(Looks, ABC):
    """Compiles the expressions of one thread."""

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
