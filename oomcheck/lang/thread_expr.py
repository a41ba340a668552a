"""Expressions of threads: each shared access becomes a step of its own, left to right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Place, Var, eq, not_
from oomcheck.ir.interval import within
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, EnumSort, IntSort, Scalar, bounds
from oomcheck.ir.system import Access, Action
from oomcheck.lang import model as m
from oomcheck.lang.calls import subexpressions
from oomcheck.lang.flow import Edge, Flow
from oomcheck.lang.layout import Layout
from oomcheck.lang.pure import Located, Need, Pure, combine, division_need, index_need
from oomcheck.lang.registers import Registers
from oomcheck.lang.storages import ALIVE
from oomcheck.lang.types import IntType, PointerType, TaskType, Type, VoidType, sort_of
from oomcheck.objects.base import COUNTER, Assignment, Check, EdgeKind, Facts, FieldVar, ObjRef, Operand
from oomcheck.objects.table import KINDS, OPERATIONS

FORKS = 64  # values that a read of an unwritten local may have before it ends the behaviour
HALTING = frozenset({"null", "lifetime", "range", "refcount"})


class ThreadExpr:
    """Draws expressions into the flow of one thread; is the `Site` of its operations."""

    def __init__(self, layout: Layout, me: int, registers: Registers, preempt: Var | None, softirq: bool) -> None:
        self.layout = layout
        self._me = me
        self.registers = registers
        self.flow = Flow()
        self.region: frozenset[str] = frozenset()
        self.atomic = 0
        self.source = ""
        self.action: Action | None = None
        self.point: int | None = None
        self.locks: set[str] = set()
        self.indices: tuple[tuple[str, Expr, Scalar], ...] = ()  # of the places that the next accesses name
        self.pure = Pure(layout, me, self.peek_local, preempt=preempt, softirq=softirq)
        self._facts = self.pure.facts()
        self.here = self.node()
        self.flow.entry = self.here

    # ------------------------------------------------------------ the Site of operations

    @property
    def me(self) -> int:
        """Index of the running process."""
        return self._me

    @property
    def processes(self) -> tuple[str, ...]:
        """Names of all processes."""
        return self.layout.processes

    @property
    def facts(self) -> Facts:
        """What operations need to know."""
        return self._facts

    def node(self) -> int:
        """A fresh node in the current region."""
        return self.flow.node(self.region, self.atomic > 0)

    def temp(self, sort: Scalar) -> Var:
        """A register that lives until the statement ends."""
        return self.registers.temp(sort)

    def edge(
        self,
        origin: int,
        target: int,
        *,
        guard: Expr = TRUE,
        updates: Sequence[Assignment] = (),
        checks: Sequence[Check] = (),
        kind: EdgeKind = EdgeKind.STEP,
        acquire: Expr | None = None,
        note: str = "",
        accesses: tuple[Access, ...] = (),
    ) -> None:
        """Draw an edge with the current action."""
        action = self.action
        if action is not None and kind is EdgeKind.STEP:
            action = replace(action, note=note or action.note, indices=self.indices)
        point, self.point = self.point, None
        self.flow.edges.append(
            Edge(
                origin,
                target,
                kind,
                action,
                guard,
                tuple(updates),
                tuple(checks),
                accesses,
                acquire,
                point,
                self.atomic > 0,
            )
        )

    def free(self, updates: Sequence[Assignment] = (), checks: Sequence[Check] = ()) -> None:
        """Draw a free edge from `here` and go on from its end."""
        target = self.node()
        self.edge(self.here, target, updates=updates, checks=checks, kind=EdgeKind.FREE)
        self.here = target

    def step(self, updates: Sequence[Assignment], checks: Sequence[Check], accesses: tuple[Access, ...] = ()) -> None:
        """Draw one access from `here` and go on from its end."""
        target = self.node()
        self.edge(self.here, target, updates=updates, checks=checks, accesses=accesses)
        self.here = target

    def goto(self, target: int) -> None:
        """Go from `here` to a node, freely."""
        self.edge(self.here, target, kind=EdgeKind.FREE)

    # ------------------------------------------------------------ locals

    def local(self, local: m.LocalVar) -> Var:
        """The variable of a local."""
        return self.registers.local(local, sort_of(local.type, self.layout.model.referents))

    def peek_local(self, local: m.LocalVar) -> tuple[Expr, list[Need]]:
        """A local looked at in one instant; one without value ends the behaviour."""
        if local.initialised:
            return self.local(local), []
        message = f"`{local.name}` is read before it is written"
        return self.local(local), [Need(self.registers.written(local), "uninit", message)]

    def read_local(self, local: m.LocalVar, span: Span) -> Expr:
        """The value of a local; one that was never written has any value, and that is a fault."""
        var = self.local(local)
        if local.initialised:
            return var
        written = self.registers.written(local)
        target = self.node()
        saved, self.action = self.action, self.describe(span)
        self.edge(self.here, target, guard=written, kind=EdgeKind.FREE)
        assert not isinstance(var.sort, Var)
        low, high = bounds(var.sort) if isinstance(var.sort, IntSort | EnumSort) else (0, 1)
        message = f"`{local.name}` is read before it is written (declared at {local.span})"
        fork = high - low < FORKS
        check = Check("uninit", FALSE, message, halts=not fork)
        for value in range(low, high + 1) if fork else (low,):
            assert not hasattr(var.sort, "element")
            updates: list[Assignment] = [
                (var, Lit(value, BOOL if not isinstance(var.sort, IntSort | EnumSort) else var.sort))
            ]
            updates.append((written, TRUE))
            self.edge(self.here, target, guard=not_(written), updates=updates, checks=[check], kind=EdgeKind.FREE)
        self.action = saved
        self.here = target
        return var

    def write_local(self, local: m.LocalVar, value: Expr) -> None:
        """Store a value into a local, freely."""
        updates: list[Assignment] = [(self.local(local), value)]
        if not local.initialised:
            updates.append((self.registers.written(local), TRUE))
        self.free(updates, self.range_checks(local.type, value, local.name))

    def range_checks(self, kind: Type, value: Expr, name: str) -> list[Check]:
        """The value must lie in the range of the type."""
        if not isinstance(kind, IntType) or within(value, kind.lo, kind.hi):
            return []
        low = Apply(Op.LE, (Lit(kind.lo, COUNTER), value))
        high = Apply(Op.LE, (value, Lit(kind.hi, COUNTER)))
        message = f"the value stored to {name} is outside of {kind.lo}..{kind.hi}"
        return [Check("range", ok, message, True) for ok in (low, high)]

    # ------------------------------------------------------------ values

    def describe(self, span: Span) -> Action:
        """The action of an expression or statement, with quantified names replaced by their values."""
        text = " ".join(span.text.split())
        for fixed, value in self.pure.fixed.items():
            if isinstance(fixed.type, PointerType | TaskType):
                name = self.value_name(fixed.type, value)
                text = re.sub(rf"\b{re.escape(fixed.name)}\b", name.removeprefix("&"), text)
        return Action(text.rstrip(";"), span, self.source)

    def value_name(self, kind: Type, value: int) -> str:
        """A reference in words."""
        sort = sort_of(kind, self.layout.model.referents)
        assert isinstance(sort, EnumSort)
        return sort.members[value]

    def is_local(self, expr: m.TExpr) -> bool:
        """Whether an expression reads nothing shared and runs nothing."""
        for node in subexpressions(expr):
            if isinstance(node, m.Load | m.CallFunction | m.CallOperation | m.Located):
                return False
            if isinstance(node, m.ReadLocal) and not node.local.initialised:
                return False
        return True

    def value(self, expr: m.TExpr) -> Expr:
        """The value of an expression, with its accesses drawn as steps."""
        if self.is_local(expr):
            found, needs = self.pure.pure(expr)
            if needs:
                self.free(checks=_checks(needs))
            return found
        match expr:
            case m.ReadLocal(local=local, span=span):
                return self.read_local(local, span)
            case m.Load():
                return self.load(expr)
            case m.Operate(operator="&&" | "||" | "->" | "!"):
                return self.truth(expr)
            case m.Operate(operator="?:"):
                return self.choice(expr)
            case m.Operate(operator="neg", args=args):
                return Apply(Op.NEG, (self.value(args[0]),))
            case m.Operate(operator=operator, args=args):
                left, right = self.value(args[0]), self.value(args[1])
                needs = division_need(operator, right)
                if needs:
                    self.free(checks=_checks(needs))
                return combine(operator, left, right)
            case m.Quantify():
                return self.quantify(expr)
            case m.Reference():
                return self.reference(expr)
            case m.Located():
                return self.read(*self.pure.pure(expr), span=expr.span, sort=BOOL)
            case m.CallFunction():
                result = self.call(expr)
                assert result is not None
                return result
            case m.CallOperation():
                result = self.operation(expr)
                assert result is not None
                return result
            case _:
                raise AssertionError(expr)

    def read(self, value: Expr, needs: Sequence[Need], span: Span, sort: Scalar, access: Access | None = None) -> Expr:
        """One step that reads `value` into a register."""
        register = self.temp(sort)
        saved, self.action = self.action, replace(self.describe(span), result=(value, sort))
        self.step([(register, value)], _checks(needs), (access,) if access else ())
        self.action = saved
        return register

    def load(self, expr: m.Load) -> Expr:
        """A read of a plain variable."""
        located = self.locate(expr.place)
        place = self.pure.place(located)
        access = self.access(located, place, False, expr.marked, expr.span)
        return self.read(place, located.needs, expr.span, sort_of(expr.type, self.layout.model.referents), access)

    def access(self, located: Located, place: Place, write: bool, marked: bool, span: Span) -> Access | None:
        """What the race sanitizer sees; ghosts are no memory."""
        if located.storage.ghost:
            return None
        return Access(place, write, marked or located.storage.marked or self.atomic > 0, span)

    def locate(self, place: m.Place) -> Located:
        """The element that a place is, with indices drawn as steps."""
        seen: list[tuple[str, Expr, Scalar]] = []

        def index(expr: m.TExpr) -> tuple[Expr, list[Need]]:
            value = self.value(expr)
            if isinstance(expr.type, IntType) and not isinstance(expr, m.Const):
                seen.append((" ".join(expr.span.text.split()), value, COUNTER))
            return value, []

        located = self.pure.walk(place, index)
        self.indices = tuple(seen)
        return located

    def reference(self, expr: m.Reference) -> Expr:
        """A reference to an element whose index is shared."""
        total, _ = self.pure.reference(expr.base, (), expr.type)
        for position, bound in expr.indices:
            value = self.value(position)
            needs = index_need(value, bound, position.span.text)
            if needs:
                self.free(checks=_checks(needs))
            total = combine("+", total, value)
        return total

    def truth(self, expr: m.TExpr) -> Expr:
        """A condition as a value."""
        result = self.temp(BOOL)
        yes, no, done = self.node(), self.node(), self.node()
        self.condition(expr, yes, no)
        for node, value in ((yes, TRUE), (no, FALSE)):
            self.edge(node, done, updates=[(result, value)], kind=EdgeKind.FREE)
        self.here = done
        return result

    def choice(self, expr: m.Operate) -> Expr:
        """`condition ? then : other`; only one branch is evaluated."""
        result = self.temp(sort_of(expr.type, self.layout.model.referents))
        yes, no, done = self.node(), self.node(), self.node()
        self.condition(expr.args[0], yes, no)
        for node, branch in ((yes, expr.args[1]), (no, expr.args[2])):
            self.here = node
            value = self.value(branch)
            self.edge(self.here, done, updates=[(result, value)], kind=EdgeKind.FREE)
        self.here = done
        return result

    def quantify(self, expr: m.Quantify) -> Expr:
        """A quantifier whose body reads shared state: the instances in order."""
        if expr.kind != "count":
            return self.truth(expr)
        total: Expr = Lit(0, COUNTER)
        for value in expr.values:
            self.pure.fixed[expr.variable] = value
            part = self.value(expr.body)
            total = combine("+", total, Apply(Op.ITE, (part, Lit(1, COUNTER), Lit(0, COUNTER))))
        self.pure.fixed.pop(expr.variable, None)
        return total

    def condition(self, expr: m.TExpr, on_true: int, on_false: int) -> None:
        """Draw the evaluation of a condition from `here`."""
        match expr:
            case m.Operate(operator="!", args=args):
                self.condition(args[0], on_false, on_true)
            case m.Operate(operator="&&" | "||" | "->" as operator, args=args) if not self.is_local(expr):
                middle = self.node()
                if operator == "||":
                    self.condition(args[0], on_true, middle)
                else:
                    self.condition(args[0], middle, on_true if operator == "->" else on_false)
                self.here = middle
                self.condition(args[1], on_true, on_false)
            case m.Quantify(kind="forall" | "exists" as kind) if not self.is_local(expr):
                for value in expr.values:
                    self.pure.fixed[expr.variable] = value
                    following = self.node()
                    if kind == "forall":
                        self.condition(expr.body, following, on_false)
                    else:
                        self.condition(expr.body, on_true, following)
                    self.here = following
                self.pure.fixed.pop(expr.variable, None)
                self.goto(on_true if kind == "forall" else on_false)
            case _:
                self.branch(self.value(expr), on_true, on_false)

    def branch(self, value: Expr, on_true: int, on_false: int) -> None:
        """Go on by a local truth value."""
        if isinstance(value, Lit):
            self.goto(on_true if value.value else on_false)
            return
        self.edge(self.here, on_true, guard=value, kind=EdgeKind.FREE)
        self.edge(self.here, on_false, guard=not_(value), kind=EdgeKind.FREE)

    # ------------------------------------------------------------ operations

    def call(self, expr: m.CallFunction) -> Expr | None:
        """A function, expanded here; defined by the statement level."""
        raise NotImplementedError

    def operation(self, expr: m.CallOperation) -> Expr | None:
        """A kernel operation."""
        operation = OPERATIONS[expr.operation]
        if operation.kind in ("memory", "thread") or operation.name == "WRITE_ONCE":
            return self.special(expr)
        args, needs = self.operands(expr)
        saved, self.action = self.action, self.describe(expr.span)
        if operation.value is not None:
            sort = sort_of(expr.type, self.layout.model.referents)
            result: Expr | None = self.read(operation.value(self.facts, args), needs, expr.span, sort)
        else:
            if needs:
                target = self.node()
                self.edge(self.here, target, checks=_checks(needs), kind=EdgeKind.BIND)
                self.here = target
            assert operation.draw is not None
            first = len(self.flow.edges)
            result = operation.draw(self, args)
            self.note_results(first, result, expr)
            if expr.operation == "put" and result is not None:
                self.release(expr, result)
                result = None
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
                    value = self.value(arg)
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
        assert isinstance(stored, Lit | Var | Index | Apply)
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
                self.value(expr.args[0])
                self.pause("schedule_timeout")
            case _:
                result = self.read(*self.pure.pure(expr), span=expr.span, sort=BOOL)
        self.action = saved
        return result

    def pause(self, what: str) -> None:
        """A step that touches nothing: time may pass here."""
        from_atomic = self.sleep_checks(what)
        self.step([], from_atomic)

    def sleep_checks(self, what: str) -> list[Check]:
        """Sleeping needs a context that allows it."""
        preempt = self.facts.preempt
        if self.facts.softirq:
            return [Check("lockdep", FALSE, f"{what} may sleep, but this is a softirq")]
        if preempt is None:
            return []
        calm = eq(preempt, Lit(0, COUNTER))
        message = f"{what} may sleep, but a spinlock is held or an RCU read section is open"
        return [Check("lockdep", calm, message)]

    def store(self, place: m.Place, value: Expr, marked: bool, span: Span) -> None:
        """One step that writes a plain variable."""
        located = self.locate(place)
        target = self.pure.place(located)
        access = self.access(located, target, True, marked, span)
        text = " ".join(place.span.text.split())
        checks = [*_checks(located.needs), *self.range_checks(place.type, value, text)]
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


def _checks(needs: Sequence[Need]) -> list[Check]:
    return [Check(need.sanitizer, need.ok, need.message, True) for need in needs]


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
