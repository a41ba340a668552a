"""Expressions looked at in one instant: properties, await, assert, assume, ghosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace

from oomcheck.diag.diagnostic import error
from oomcheck.ir.expr import (
    FALSE,
    TRUE,
    Apply,
    Expr,
    Index,
    Lit,
    Place,
    Var,
    add,
    and_,
    binary,
    eq,
    exists,
    forall,
    implies,
    ite,
    negate,
    not_,
    or_,
)
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, Scalar
from oomcheck.ir.walk import rewrite
from oomcheck.lang import model as m
from oomcheck.lang.inside import chosen, element_of
from oomcheck.lang.known import listed
from oomcheck.lang.layout import Layout
from oomcheck.lang.needs import Need, division_need, needed, thread_need, ticks_need, under
from oomcheck.lang.operators import combine as combine
from oomcheck.lang.ranges import as_sort, endless
from oomcheck.lang.storages import ALIVE
from oomcheck.lang.types import Extent, PointerType, Size, TaskType, Type, sort_of
from oomcheck.objects.base import COUNTER, TICKS, Facts, ObjRef, Operand
from oomcheck.objects.clock import deadline
from oomcheck.objects.freezer import freezing_of
from oomcheck.objects.table import KINDS, OPERATIONS
from oomcheck.objects.task import group_of
from oomcheck.records import dataclass

MAX_WORK = 2_000_000
TICKS_HINT = "where a size is open, a number of ticks is made of constants and of variables with a range"


@dataclass(frozen=True, slots=True)
class Located:
    """An element of a storage, with what must hold to reach it."""

    storage: m.Storage
    element: Expr
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A variable that a quantifier binds, and the ends of its range."""

    var: Var
    low: Expr
    high: Expr


def derived(kind: str, *parts: object) -> Var:
    """A name for a condition on program counters, which are numbered last; see `Derived` in lower.py."""
    return Var("@" + "\x1f".join((kind, *map(str, parts))), BOOL)


#: Of placeholders for elements of a class of locks.
LOCK_CLASS = ArraySort(BOOL, 1)


def derived_at(process: int, base: int, element: Expr) -> Index:
    """A name for "the process waits for this element of a class of locks", likewise."""
    return Index(Var(f"@waits\x1f{process}\x1f{base}", LOCK_CLASS), element)


@dataclass(slots=True)
class Pure:
    """Turns typed expressions into one IR expression and its needs.

    `me` is the running process or None; `read_local` gives locals; `fixed`
    the values of quantified variables, `bound` those that a quantifier of the
    system binds, with the end of their range; `formals` what object formals stand for.
    """

    layout: Layout
    me: int | None = None
    read_local: Callable[[m.LocalVar], tuple[Expr, list[Need]]] | None = None
    fixed: dict[m.Fixed, int] = field(default_factory=dict)
    bound: dict[m.Fixed, Bound] = field(default_factory=dict)
    formals: dict[m.ObjectFormal, Located] = field(default_factory=dict)
    preempt: Var | None = None
    softirq: bool = False
    work: int = 0
    outcomes: list[Var] | None = None  # of comparisons of times, untimed; None where there may be none

    # ------------------------------------------------------------ facts for objects

    def facts(self) -> Facts:
        """What operations may know about the model."""
        return Facts(
            self.preempt,
            self.softirq,
            self.layout.builtin("$task"),
            tuple(instance.group for instance in self.layout.model.instances),
            self.layout.builtin("$group"),
            lambda task: self.freezer_wants("legacy", task),
            lambda task: self.freezer_wants("v2", task),
            self.lock_number,
            self.handler_busy,
            self.dead,
            self.layout.mode.timed,
        )

    def dead(self, task: Expr) -> Expr:
        """The thread that `task` refers to has ended."""
        result: Expr = FALSE
        for number in range(len(self.layout.processes)):
            result = or_(result, and_(eq(task, Lit(number + 1, COUNTER)), derived("dead", number)))
        return result

    def freezer_wants(self, kind: str, task: Expr) -> Expr:
        """Some freezer of the kind wants the thread; NULL is wanted by none."""
        if not isinstance(task, Lit):
            result: Expr = FALSE
            for number in range(len(self.layout.processes)):
                known = Lit(number + 1, COUNTER)
                result = or_(result, and_(eq(task, known), self.freezer_wants(kind, known)))
            return result
        if task.value == 0:
            return FALSE
        found = []
        for freezer in self.layout.model.freezers:
            if freezer.kind == kind:
                ref = self.layout.element(freezer.storage, 0)
                member = self._predicate(freezer.task_member, task.value, TRUE)
                exempt = self._predicate(freezer.task_exempt, task.value, FALSE)
                found.append((ref, member, exempt))
        return freezing_of(found)

    def _predicate(self, part: tuple[m.Fixed, m.TExpr] | None, task: int, default: Expr) -> Expr:
        if part is None:
            return default
        variable, body = part
        saved = dict(self.fixed)
        self.fixed[variable] = task
        value, needs = self.pure(body)
        self.fixed.clear()
        self.fixed.update(saved)
        return and_(*(need.ok for need in needs), value)

    def lock_number(self, ref: ObjRef) -> Expr:
        """Number of a lock in the system; of a class of locks, and the element in it until all is put together."""
        if self.layout.model.storage(ref.key).extent is not None:
            return Index(Var(f"@lock\x1f{self.layout.lock_bases[ref.key]}", LOCK_CLASS), ref.element)
        return add(Lit(self.layout.lock_bases[ref.key], COUNTER), ref.element)

    def handler_busy(self, ref: ObjRef) -> Expr:
        """The handler of a timer runs."""
        result: Expr = FALSE
        for number, instance in enumerate(self.layout.model.instances):
            if instance.timer is not None and instance.timer[0] == ref.key:
                same = eq(ref.element, Lit(instance.timer[1], COUNTER))
                result = or_(result, and_(same, derived("busy", number)))
        return result

    # ------------------------------------------------------------ expressions

    def pure(self, expr: m.TExpr) -> tuple[Expr, list[Need]]:
        """Value and needs of an expression; E0009 if quantifiers unroll to too much."""
        self.work += 1
        if self.work > MAX_WORK:
            raise error("E0009", "quantifiers unroll to too much", expr.span)
        match expr:
            case m.Const(value=value, type=kind):
                return Lit(value, self.sort(kind)), []
            case m.ReadLocal(local=local):
                assert self.read_local is not None
                return self.read_local(local)
            case m.Parameter(extent=extent):
                return extent.var, []
            case m.ReadFixed(fixed=fixed) if fixed in self.bound:
                return self.bound[fixed].var, []
            case m.ReadFixed(fixed=fixed):
                return Lit(self.fixed[fixed], self.sort(fixed.type)), []
            case m.CurrentTask():
                assert self.me is not None
                return Lit(self.me + 1, self.layout.thread_sort()), []
            case m.Load(place=place):
                located = self.locate(place)
                return self.place(located), list(located.needs)
            case m.Operate(operator=operator, args=args):
                return self.operate(operator, args)
            case m.Quantify():
                return self.quantify(expr)
            case m.QuantifyRange():
                return self.quantify_range(expr)
            case m.Reference(base=base, indices=indices):
                return self.reference(base, indices, expr.type)
            case m.Located():
                thread, needs = self.pure(expr.thread)
                return self.located(expr.kind, thread, expr.label), [*needs, *thread_need(thread)]
            case m.Inner():
                position, needs = self.pure(expr.index) if expr.index is not None else (None, [])
                return element_of(expr.place, position), needs
            case m.PerThread():
                thread, needs = self.pure(expr.thread)
                return chosen(thread, expr.choices), [*needs, *thread_need(thread)]
            case m.CallOperation():
                return self.operation(expr)
            case m.CallFunction():
                raise AssertionError("functions are not pure")

    def sort(self, kind: Type) -> Scalar:
        """Sort of a type, for literals."""
        return sort_of(kind, self.layout.model.referents)

    def operate(self, operator: str, args: tuple[m.TExpr, ...]) -> tuple[Expr, list[Need]]:
        """An operator; needs of a part that is not always evaluated hold only where it is."""
        first, needs = self.pure(args[0])
        match operator:
            case "!":
                return not_(first), needs
            case "neg":
                return negate(first), needs
            case m.TOTAL:
                return first, []
            case m.EXPIRY:
                if self.layout.mode.timed and self.layout.parametric and endless(first):
                    raise error("E0308", "this number of ticks may have no bound", args[0].span, TICKS_HINT)
                return self.expiry(first), [*needs, *ticks_need(first)]
            case "&&" | "->" | "||":
                second, more = self.pure(args[1])
                evaluated = not_(first) if operator == "||" else first
                needs = [*needs, *under(evaluated, more)]
                if operator == "||":
                    return or_(first, second), needs
                return (and_(first, second) if operator == "&&" else implies(first, second)), needs
            case "?:":
                then, more = self.pure(args[1])
                other, rest = self.pure(args[2])
                return ite(first, then, other), [*needs, *under(first, more), *under(not_(first), rest)]
            case _:
                second, more = self.pure(args[1])
                return combine(operator, first, second), [*needs, *more, *division_need(operator, second)]

    def expiry(self, ticks: Expr) -> Expr:
        """A deadline in a number of ticks; untimed, it has no value."""
        return deadline(ticks) if self.layout.mode.timed else Lit(0, TICKS)

    def quantify(self, expr: m.Quantify) -> tuple[Expr, list[Need]]:
        """All instances of the body, in order, stopping early as && and || do."""
        needs: list[Need] = []
        parts: list[Expr] = []
        reached: Expr = TRUE
        for value in expr.values:
            self.fixed[expr.variable] = value
            part, more = self.pure(expr.body)
            needs.extend(under(reached, more))
            parts.append(part)
            if expr.kind != "count":
                reached = and_(reached, part if expr.kind == "forall" else not_(part))
        self.fixed.pop(expr.variable, None)
        if expr.kind == "forall":
            return and_(*parts), needs
        if expr.kind == "exists":
            return or_(*parts), needs
        total: Expr = Lit(0, COUNTER)
        for part in parts:
            total = add(total, ite(part, Lit(1, COUNTER), Lit(0, COUNTER)))
        return total, needs

    def quantify_range(self, expr: m.QuantifyRange) -> tuple[Expr, list[Need]]:
        """A quantifier up to an open size; what its body needs must hold wherever && or || would get to it."""
        named = self.bind(expr)
        bound, low, high = named.var, named.low, named.high
        if isinstance(low, Lit) and isinstance(high, Lit):
            values = listed(low.value, high.value, expr.span)
            return self.quantify(m.Quantify(expr.kind, expr.variable, values, expr.body, expr.type, expr.span))
        self.bound[expr.variable] = named
        body, needs = self.pure(expr.body)
        del self.bound[expr.variable]
        universal = expr.kind == "forall"
        stop = not_(body) if universal else body
        required: list[Need] = []
        if needs:
            before = Var(f"{bound.name}<", bound.sort)
            earlier = rewrite(stop, lambda leaf: before if leaf == bound else leaf)
            last = binary(Op.SUB, bound, Lit(1, COUNTER))
            reached = not_(exists(before, low, last, earlier))
            required = [replace(n, ok=forall(bound, low, high, implies(reached, n.ok))) for n in needs]
        join = forall if universal else exists
        return join(bound, low, high, body), required

    def bind(self, expr: m.QuantifyRange) -> Bound:
        """What stands for the name that a quantifier binds; its name is that of no quantifier around it."""
        low, high = self.pure(expr.low)[0], self.pure(expr.high)[0]
        name = self.layout.bound_name(expr.variable)
        taken = {bound.var.name for bound in self.bound.values()}
        while name in taken:
            name += "'"
        return Bound(Var(name, as_sort(self.layout.ends(low)[0], self.layout.ends(high)[1])), low, high)

    def reference(self, base: int, indices: tuple[tuple[m.TExpr, Size], ...], kind: Type) -> tuple[Expr, list[Need]]:
        """A reference to an element of an array of objects or threads."""
        assert isinstance(kind, PointerType | TaskType)
        total: Expr = Lit(base + 1, sort_of(kind, self.layout.model.referents))
        needs: list[Need] = []
        for position, bound in indices:
            value, more = self.pure(position)
            needs.extend([*more, *self.index_need(value, bound, position.span.text)])
            total = add(total, value)
        return total, needs

    def operation(self, expr: m.CallOperation) -> tuple[Expr, list[Need]]:
        """An operation that only reads."""
        if OPERATIONS[expr.operation].kind == "clock" and not self.layout.mode.timed:
            return self.outcome(expr), []
        args, needs = self.operands(expr)
        if expr.operation in ("dead", "holds", "waits", "alive"):
            return self.predicate(expr, args), needs
        operation = OPERATIONS[expr.operation]
        assert operation.value is not None
        return operation.value(self.facts(), args), needs

    def outcome(self, expr: m.CallOperation) -> Expr:
        """A comparison of times where they have no length: whoever asks for `outcomes` looks at both."""
        if self.outcomes is None:
            raise error("E0307", f"`{expr.operation}` needs time", expr.span, "check this property `timed`")
        self.outcomes.append(Var(f"@outcome{len(self.outcomes)}", BOOL))
        return self.outcomes[-1]

    def operands(self, expr: m.CallOperation) -> tuple[list[Operand], list[Need]]:
        """Arguments in the form that objects take, and what they need."""
        args: list[Operand] = []
        needs: list[Need] = []
        flag = isinstance(expr.args[-1], m.Place) and len(expr.args) == 2 and isinstance(expr.args[0], m.Const)
        for number, arg in enumerate(expr.args):
            if isinstance(arg, m.Place):
                located = self.locate(arg)
                needs.extend(located.needs)
                args.append(self.layout.object(located.storage, located.element, " ".join(arg.span.text.split())))
            elif flag and number == 0 and isinstance(arg, m.Const):
                args.append(arg.value)
            else:
                value, more = self.pure(arg)
                needs.extend(more)
                args.append(value)
                if isinstance(arg.type, TaskType):
                    needs.extend(thread_need(value))
        return args, needs

    def predicate(self, expr: m.CallOperation, args: list[Operand]) -> Expr:
        """dead, holds, waits and alive."""
        first = args[0]
        assert isinstance(first, Expr)
        if expr.operation == "alive":
            kind = expr.args[0].type
            assert isinstance(kind, PointerType)
            storage = self.layout.model.storage(f"{kind.struct}.{ALIVE}")
            here = Index(self.layout.variable(storage), binary(Op.SUB, first, Lit(1, COUNTER)))
            return and_(not_(eq(first, Lit(0, COUNTER))), here)
        result: Expr = FALSE
        for number in range(len(self.layout.processes)):
            same = eq(first, Lit(number + 1, COUNTER))
            result = or_(result, and_(same, self.thread_fact(expr, number, args)))
        return result

    def thread_fact(self, expr: m.CallOperation, number: int, args: list[Operand]) -> Expr:
        """A predicate about a known thread."""
        if expr.operation == "dead":
            return derived("dead", number)
        lock = args[1]
        assert isinstance(lock, ObjRef)
        from_kind = KINDS[lock.kind]
        if expr.operation == "holds":
            assert from_kind.held is not None
            return from_kind.held(lock, number)
        if from_kind.waiting is not None:
            return from_kind.waiting(lock, number)
        base = self.layout.lock_bases[lock.key]
        if self.layout.model.storage(lock.key).extent is not None:
            return derived_at(number, base, lock.element)
        result: Expr = FALSE
        for element in range(self.layout.model.storage(lock.key).size):
            same = eq(lock.element, Lit(element, COUNTER))
            result = or_(result, and_(same, derived("waits", number, base + element)))
        return result

    def located(self, kind: str, thread: Expr, label: str) -> Expr:
        """`thread at label` for a thread that may be known or not."""
        result: Expr = FALSE
        for number in range(len(self.layout.processes)):
            same = eq(thread, Lit(number + 1, COUNTER))
            result = or_(result, and_(same, derived(kind, number, label)))
        return result

    # ------------------------------------------------------------ places

    def place(self, located: Located) -> Place:
        """The IR place of a plain variable."""
        var = self.layout.variable(located.storage)
        return Index(var, located.element) if located.storage.dims else var

    def locate(self, place: m.Place) -> Located:
        """The element that a place is, with indices evaluated in one instant."""
        return self.walk(place, self.pure)

    def walk(self, place: m.Place, evaluate: Callable[[m.TExpr], tuple[Expr, list[Need]]]) -> Located:
        """The element that a place is; `evaluate` gives its indices in order."""
        if isinstance(place.storage, m.ObjectFormal):
            return self.formals[place.storage]
        storage = place.storage
        needs: list[Need] = []
        element: Expr = Lit(0, COUNTER)
        for step, size in zip(place.steps, storage.dims, strict=True):
            value, more = evaluate(step.value)
            needs.extend(more)
            position, checks = self.position(step, value)
            needs.extend(checks)
            if isinstance(size, int):  # an open size is the first one, so nothing is to be scaled yet
                element = binary(Op.MUL, element, Lit(size, COUNTER))
            element = add(element, position)
        return Located(storage, element, tuple(needs))

    def position(self, step: m.Step, value: Expr) -> tuple[Expr, list[Need]]:
        """Index of one step, and what must hold for it."""
        text = " ".join(step.value.span.text.split())
        one = Lit(1, COUNTER)
        match step.reach:
            case m.Reach.ELEMENT:
                return value, self.index_need(value, step.size, text)
            case m.Reach.STATIC:
                position = add(Lit(step.offset, COUNTER), value)
                needs = [*self.index_need(value, step.size, text), *self.life(step.struct, position, text)]
                return position, needs
            case m.Reach.POINTER:
                position = binary(Op.SUB, value, one)
                null = Need(not_(eq(value, Lit(0, COUNTER))), "null", f"NULL dereference: {text}")
                return position, [null, *self.life(step.struct, position, text)]
            case m.Reach.TASK:
                return binary(Op.SUB, value, one), thread_need(value, text)
            case m.Reach.GROUP:
                return group_of(self.facts(), value), thread_need(value, text)

    def index_need(self, value: Expr, size: Size, text: str) -> list[Need]:
        """An index must lie in its array."""
        if isinstance(size, Extent):
            if self.implied(value, size):
                return []
            end: Expr = size.var
        else:
            if self.layout.within(value, 0, size - 1):
                return []
            end = Lit(size, COUNTER)
        ok = and_(binary(Op.LE, Lit(0, COUNTER), value), binary(Op.LT, value, end))
        last = f"{size.name}-1" if isinstance(size, Extent) else str(size - 1)
        return needed(Need(ok, "range", f"index {text} is outside of 0..{last}"))

    def implied(self, value: Expr, size: Extent) -> bool:
        """Whether an index lies below an open size by the range of the quantifier that binds it."""
        if isinstance(value, Lit):
            return 0 <= value.value < size.low
        bound = next((b for b in self.bound.values() if b.var == value), None)
        if bound is None or self.layout.ends(bound.low)[0] < 0:
            return False
        match bound.high:
            case Apply(op=Op.SUB, args=(Var() as var, Lit(value=less))):
                return var == size.var and less >= 1
            case _:
                return False

    def life(self, struct: str, position: Expr, text: str) -> list[Need]:
        """The object must be alive."""
        storage = self.layout.model.storage(f"{struct}.{ALIVE}")
        if not self.layout.mortal(struct):
            return []
        alive = Index(self.layout.variable(storage), position)
        return [Need(alive, "lifetime", f"use after free: {text} is a dead {struct}")]
