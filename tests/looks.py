"""Names in threads for `tests.interpreter`, and values in one instant: await, assert, assume, ghosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from oomcheck.lang import tree as t
from tests.machine import Address, Code, Halt, Kind, Look, Memory, Slot, Symbol, Variable, Wrong, arithmetic, constant

Scope = dict[str, Symbol]
Locals = Sequence[int | None]


class Looks:
    """What the names of one thread mean; functions that look at memory and locals."""

    def __init__(self, memory: Memory, me: int) -> None:
        self.memory, self.me = memory, me
        _, self.thread, self.process = memory.threads[me]
        self.code = Code()
        self.atomic = 0

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

    def variable_of(self, place: t.Expr, scope: Scope) -> Variable:
        """The variable (of the first object, for fields) that a place lies in."""
        match place:
            case t.Element(base=base):
                return self.variable_of(base, scope)
            case t.Member():
                return (
                    self.process_variable(place)
                    or (self.memory.fields[self.struct_of(place, scope)][place.member.text][0])
                )
            case _:
                assert isinstance(place, t.Ident)
                found = self.global_(place.name)
                assert found is not None
                return found

    def bit(self, name: str, word: t.Expr, scope: Scope) -> int:
        """The number of a flag."""
        return self.variable_of(word, scope).kind.bits.index(name)

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
                variable = self.variable_of(base, scope)
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
