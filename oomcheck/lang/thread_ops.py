"""Kernel operations of threads, drawn into the flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Var, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.system import Access
from oomcheck.lang import model as m
from oomcheck.lang.frames import default
from oomcheck.lang.layout import Layout
from oomcheck.lang.needs import Need
from oomcheck.lang.pure import Located, combine
from oomcheck.lang.storages import ALIVE
from oomcheck.lang.thread_expr import halting_checks
from oomcheck.lang.thread_time import ThreadTime
from oomcheck.lang.types import BOOLEAN, PointerType, TaskType, VoidType, sort_of
from oomcheck.objects.base import (
    COUNTER,
    Assignment,
    Check,
    EdgeKind,
    FieldVar,
    ObjRef,
    Operand,
)
from oomcheck.objects.table import KINDS, OPERATIONS


class ThreadOps(ThreadTime):
    """Draws calls of kernel operations."""

    def operation(self, expr: m.CallOperation) -> Expr | None:
        """A kernel operation."""
        operation = OPERATIONS[expr.operation]
        if operation.kind in ("memory", "thread") or operation.name == "WRITE_ONCE":
            return self.special(expr)
        if operation.name == "put":
            self.put(expr)
            return None
        if operation.kind == "clock":
            return self.compare_time(expr)
        result = self.draw_operation(expr)
        if operation.name in ("schedule", "set_current_state"):
            self.note_state()
        return result

    def draw_operation(self, expr: m.CallOperation) -> Expr | None:
        """An operation with its arguments."""
        operation = OPERATIONS[expr.operation]
        if self.layout.mode.timed and len(expr.args) < len(operation.args) and operation.kind == "timer":
            raise error("E0307", "the timer is armed without its expiry", expr.span, "write jiffies + n")
        args, needs = self.operands(expr)
        saved, self.action = self.action, self.describe(expr.span)
        if self.action.text.startswith("rcu"):  # the section as a scope
            self.action = replace(self.action, text=f"{expr.operation}()")
        if operation.value is not None:
            sort = sort_of(expr.type, self.layout.model.referents)
            result: Expr | None = self.read(operation.value(self.facts, args), needs, expr.span, sort)
        else:
            if needs:
                target = self.node()
                self.edge(self.here, target, checks=halting_checks(needs), kind=EdgeKind.BIND)
                self.here = target
            assert operation.draw is not None
            first = len(self.flow.edges)
            result = operation.draw(self, args)
            self.note_results(first, result, expr)
        self.action = saved
        if isinstance(expr.type, VoidType):
            return None
        return result

    def note_results(self, first: int, result: Expr | None, expr: m.CallOperation) -> None:
        """Tell on each edge that sets the result what it is; mark accesses of exchanges."""
        access = self.exchange_access(expr)
        for number in range(first, len(self.flow.edges)):
            edge = self.flow.edges[number]
            if access is not None and edge.kind is EdgeKind.STEP:
                edge = replace(edge, accesses=(access,))
            for place, value in edge.updates:
                if place == result and edge.action is not None and isinstance(result, Var):
                    sort = (
                        sort_of(expr.type, self.layout.model.referents) if not isinstance(expr.type, VoidType) else BOOL
                    )
                    edge = replace(edge, action=replace(edge.action, result=(value, sort)))
            self.flow.edges[number] = edge

    def exchange_access(self, expr: m.CallOperation) -> Access | None:
        """Xchg and cmpxchg are marked writes of a plain variable."""
        place = expr.args[0] if expr.args else None
        if expr.operation not in ("xchg", "cmpxchg") or not isinstance(place, m.Place):
            return None
        located = self.locate(place)
        return self.access(located, self.pure.place(located), True, True, expr.span)

    def operands(self, expr: m.CallOperation) -> tuple[list[Operand], list[Need]]:
        """Arguments with their accesses drawn; conditions are drawn by the operation."""
        operation = OPERATIONS[expr.operation]
        args: list[Operand] = []
        needs: list[Need] = []
        for kind, arg in zip(operation.args, expr.args, strict=False):
            match kind.name:
                case "BIT":
                    assert isinstance(arg, m.Const)
                    args.append(arg.value)
                case "CONDITION":
                    assert not isinstance(arg, m.Place)
                    args.append(self.drawn_condition(arg))
                case "VARIABLE":
                    assert isinstance(arg, m.Place)
                    located = self.locate(arg)
                    needs.extend(located.needs)
                    args.append(self.variable_ref(located, arg))
                case _ if isinstance(arg, m.Place):
                    located = self.locate(arg)
                    needs.extend(located.needs)
                    ref = self.layout.object(located.storage, located.element, " ".join(arg.span.text.split()))
                    if ref.kind in KINDS and KINDS[ref.kind].held is not None:
                        self.locks.add(ref.key)
                    args.append(ref)
                case _:
                    assert not isinstance(arg, m.Place)
                    counted = kind.name == "TICKS" or operation.name.endswith("_timeout")
                    value = self.ticks(arg) if counted else self.value(arg)
                    args.append(value)
                    if isinstance(arg.type, TaskType) and operation.pure:
                        null = not_(eq(value, Lit(0, COUNTER)))
                        needs.append(Need(null, "null", "NULL is used as a thread"))
        if operation.name == "cmpxchg" or operation.name == "xchg":
            self.check_stored(expr, args)
        return args, needs

    def check_stored(self, expr: m.CallOperation, args: list[Operand]) -> None:
        """The new value of an exchange must fit the variable."""
        stored = args[-1]
        assert isinstance(stored, Expr)
        checks = self.range_checks(expr.args[0].type, stored, expr.args[0].span.text)
        if checks:
            self.free(checks=checks)

    def drawn_condition(self, expr: m.TExpr) -> Callable[[int, int], None]:
        """A condition that the operation draws where it needs it, maybe more than once."""

        def draw(on_true: int, on_false: int) -> None:
            saved = self.action
            self.condition(expr, on_true, on_false)
            self.action = saved

        return draw

    def variable_ref(self, located: Located, place: m.Place) -> ObjRef:
        """A plain variable in the form that operations take."""
        target = self.pure.place(located)
        var = target.array if isinstance(target, Index) else target
        text = " ".join(place.span.text.split())
        return ObjRef("variable", "", located.storage.key, text, located.element, {"value": FieldVar(var, 1)})

    def put(self, expr: m.CallOperation) -> None:
        """Drop a reference; the last one runs the release procedure for the same object."""
        place = expr.args[0]
        assert isinstance(place, m.Place)
        pinned: list[m.LocalVar] = []
        if place.steps and place.steps[0].struct and not self.is_local(place.steps[0].value):
            owner = place.steps[0]
            local = m.LocalVar("owner", owner.value.type, True, owner.value.span)
            self.write_local(local, self.value(owner.value))  # read once: it may change before the release
            pinned.append(local)
            first = replace(owner, value=m.ReadLocal(local, owner.value.span))
            expr = replace(expr, args=(replace(place, steps=(first, *place.steps[1:])),))
        last = self.draw_operation(replace(expr, type=BOOLEAN))
        assert last is not None
        self.release(expr, last)
        self.free([(self.local(local), default(self.local(local).sort)) for local in pinned])

    def release(self, expr: m.CallOperation, last: Expr) -> None:
        """After a put: at zero, run the release procedure in this context."""
        place = expr.args[0]
        assert isinstance(place, m.Place)
        assert isinstance(place.storage, m.Storage)
        storage = place.storage
        yes, done = self.node(), self.node()
        self.branch(last, yes, done)
        self.here = yes
        if storage.release:
            function = self.layout.model.function(storage.release)
            args: tuple[m.TExpr | m.Place, ...] = ()
            if function.formals:
                args = (owner_of(place),)
            self.call(m.CallFunction(function.name, args, function.result, expr.span))
        self.goto(done)
        self.here = done

    def special(self, expr: m.CallOperation) -> Expr | None:
        """Operations that the front end draws itself."""
        saved, self.action = self.action, self.describe(expr.span)
        result: Expr | None = None
        match expr.operation:
            case "WRITE_ONCE":
                place = expr.args[0]
                assert isinstance(place, m.Place)
                assert not isinstance(expr.args[1], m.Place)
                self.store(place, self.value(expr.args[1]), True, expr.span)
            case "kmalloc":
                result = self.allocate(expr)
            case "kfree":
                self.deallocate(expr)
            case "schedule_timeout":
                assert not isinstance(expr.args[0], m.Place)
                self.sleep(self.ticks(expr.args[0]))
            case _:
                result = self.read(*self.pure.pure(expr), span=expr.span, sort=BOOL)
        self.action = saved
        return result

    def store(self, place: m.Place, value: Expr, marked: bool, span: Span, found: Located | None = None) -> None:
        """One step that writes a plain variable, whose place may be found already."""
        located = found or self.locate(place)
        target = self.pure.place(located)
        access = self.access(located, target, True, marked, span)
        text = " ".join(place.span.text.split())
        checks = [*halting_checks(located.needs), *self.range_checks(place.type, value, text)]
        self.step([(target, value)], checks, (access,) if access else ())

    def allocate(self, expr: m.CallOperation) -> Expr:
        """The first dead object of the pool, with all fields as new; NULL if all live."""
        pool = expr.args[0]
        assert isinstance(pool, m.Const)
        assert isinstance(pool.type, PointerType)
        count = pool_size(self.layout, pool)
        struct = pool.type.struct
        result = self.temp(sort_of(pool.type, self.layout.model.referents))
        target = self.node()
        taken: list[Expr] = []
        alive = self.layout.variable(self.layout.model.storage(f"{struct}.{ALIVE}"))
        for number in range(pool.value, pool.value + count):
            here = Index(alive, Lit(number, COUNTER))
            guard = Apply(Op.AND, (not_(here), *taken)) if taken else not_(here)
            pointer = Lit(number + 1, sort_of(pool.type, self.layout.model.referents))
            updates: list[Assignment] = [(here, TRUE), (result, pointer), *self.fresh(struct, number)]
            self.edge(self.here, target, guard=guard, updates=updates)
            taken.append(here)
        null = Lit(0, sort_of(pool.type, self.layout.model.referents))
        full: Expr = TRUE
        for living in taken:
            full = living if full == TRUE else Apply(Op.AND, (full, living))
        self.edge(self.here, target, guard=full, updates=[(result, null)])
        self.here = target
        return result

    def fresh(self, struct: str, number: int) -> list[Assignment]:
        """All fields of an object get their first values."""
        updates: list[Assignment] = []
        for variable in self.layout.variables.values():
            if variable.name.startswith(f"{struct}.") and not variable.name.endswith(ALIVE):
                objects = len(self.layout.model.referents.of(struct))
                size = len(variable.init) // objects
                for i in range(number * size, (number + 1) * size):
                    value = Lit(variable.init[i], variable.var.sort.element)  # type: ignore[union-attr]
                    updates.append((Index(variable.var, Lit(i, COUNTER)), value))
        return updates

    def deallocate(self, expr: m.CallOperation) -> None:
        """kfree: the object dies; freeing NULL does nothing."""
        argument = expr.args[0]
        assert not isinstance(argument, m.Place)
        assert isinstance(argument.type, PointerType)
        pointer = self.value(argument)
        alive = self.layout.variable(self.layout.model.storage(f"{argument.type.struct}.{ALIVE}"))
        here = Index(alive, combine("-", pointer, Lit(1, COUNTER)))
        null = eq(pointer, Lit(0, COUNTER))
        text = " ".join(argument.span.text.split())
        double = Check("lifetime", Apply(Op.OR, (null, here)), f"double free of {text}", True)
        done = self.node()
        if null != TRUE:
            self.edge(self.here, done, guard=not_(null), updates=[(here, FALSE)], checks=[double])
        if null != FALSE:
            self.edge(self.here, done, guard=null)
        self.here = done


def owner_of(place: m.Place) -> m.TExpr:
    """A reference to the object that a field belongs to."""
    step = place.steps[0]
    assert step.struct
    if step.reach is m.Reach.POINTER:
        return step.value
    return m.Reference(step.offset, ((step.value, step.size),), PointerType(step.struct), place.span)


def pool_size(layout: Layout, pool: m.Const) -> int:
    """Objects from the first of a pool to its end: those whose names share the array's name."""
    assert isinstance(pool.type, PointerType)
    names = layout.model.referents.of(pool.type.struct)
    base = names[pool.value].partition("[")[0]
    return sum(name.partition("[")[0] == base for name in names)
