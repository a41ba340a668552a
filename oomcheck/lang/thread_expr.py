"""Expressions of threads: each shared access becomes a step of its own, left to right."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Lit, Place, Var, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, EnumSort, IntSort, Scalar, bounds
from oomcheck.ir.system import Access, Action
from oomcheck.lang import model as m
from oomcheck.lang.calls import subexpressions
from oomcheck.lang.flow import Edge, Flow
from oomcheck.lang.known import needs_number
from oomcheck.lang.layout import Layout
from oomcheck.lang.needs import Need, division_need
from oomcheck.lang.pure import TICKS_HINT, Located, Pure, combine
from oomcheck.lang.ranges import endless
from oomcheck.lang.registers import Registers
from oomcheck.lang.types import INT_MAX, INT_MIN, Extent, IntType, PointerType, TaskType, Type, sort_of
from oomcheck.objects.base import COUNTER, Assignment, Check, EdgeKind, Facts, tick_checks

SOURCE_REF = re.compile(r"""@\s*"[^"]*\"""")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
MAX_NODES = 100_000  # of one thread, all its calls expanded
FORKS = 64  # values that a read of an unwritten local may have before it ends the behaviour
HALTING = frozenset({"null", "lifetime", "range", "refcount"})


class ThreadExpr(ABC):
    """Draws expressions into the flow of one thread; is the `Site` of its operations."""

    def __init__(self, layout: Layout, me: int, registers: Registers, preempt: Var | None, softirq: bool) -> None:
        self.layout = layout
        self._me = me
        self.registers = registers
        self.flow = Flow()
        self.region: frozenset[str] = frozenset()
        self.atomic = 0
        self.source = ""
        self.counted: tuple[str, ...] = ()  # cost counters of the statements that are being drawn
        self.action: Action | None = None
        self.point: int | None = None
        self.locks: set[str] = set()
        self.indices: tuple[tuple[str, Expr, Scalar], ...] = ()  # of the places that the next accesses name
        self.resting: tuple[str, ...] = ()  # labels of the pause that is drawn next
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
        """A fresh node in the current region; E0009 if there are too many."""
        if len(self.flow.regions) > MAX_NODES:
            span = self.action.span if self.action else None
            raise error("E0009", f"`{self.processes[self.me]}` expands to too many steps", span)
        return self.flow.node(self.region, self.atomic > 0)

    def temp(self, sort: Scalar) -> Var:
        """A register that lives until the statement ends."""
        return self.registers.temp(sort)

    def countdown(self) -> Var | None:
        """The ticks that the thread has left to wait; None where nothing has a length."""
        return self.registers.countdown("timeout") if self.layout.mode.timed else None

    def rest_at(self, node: int, left: Var, what: str) -> None:
        """The thread rests at a node in `what`, with a countdown that has started before."""
        self.flow.waits[node] = (what, left)

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
        checks = [check for check in checks if not (self.layout.parametric and _only_of_int(check))]
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
                self.counted,
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

    def never(self, target: int) -> None:
        """An edge that the values of constants close; it tells disabled code from dead code."""
        self.edge(self.here, target, guard=FALSE, kind=EdgeKind.FREE)

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
        if not isinstance(kind, IntType):
            return []
        low = Apply(Op.LE, (Lit(kind.lo, COUNTER), value))
        high = Apply(Op.LE, (value, Lit(kind.hi, COUNTER)))
        message = f"the value stored to {name} is outside of {kind.lo}..{kind.hi}"
        needed = self.layout.open_ends(value, kind.lo, kind.hi)
        return [Check("range", ok, message, True) for ok, need in zip((low, high), needed, strict=True) if need]

    # ------------------------------------------------------------ values

    def describe(self, span: Span) -> Action:
        """The action of an expression or statement, with quantified names replaced by their values."""
        text = " ".join(SOURCE_REF.sub("", COMMENT.sub("", span.text)).split())
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

    def reads_shared(self, expr: m.TExpr) -> bool:
        """Whether an expression reads shared state or runs something."""
        return any(isinstance(n, m.Load | m.CallFunction | m.CallOperation | m.Located) for n in subexpressions(expr))

    def is_local(self, expr: m.TExpr) -> bool:
        """Whether an expression reads nothing shared, runs nothing, and all that it reads was written."""
        if self.reads_shared(expr):
            return False
        return all(n.local.initialised for n in subexpressions(expr) if isinstance(n, m.ReadLocal))

    def value(self, expr: m.TExpr) -> Expr:
        """The value of an expression, with its accesses drawn as steps."""
        if self.is_local(expr):
            found, needs = self.pure.pure(expr)
            if needs:
                self.free(checks=halting_checks(needs))
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
            case m.Operate(operator=m.EXPIRY, args=args):
                ticks = self.ticks(args[0])
                self.free(checks=tick_checks(ticks, "the deadline"))
                return self.pure.expiry(ticks)
            case m.Operate(operator=operator, args=args):
                left, right = self.value(args[0]), self.value(args[1])
                needs = division_need(operator, right)
                if needs:
                    self.free(checks=halting_checks(needs))
                return combine(operator, left, right)
            case m.Quantify():
                return self.quantify(expr)
            case m.QuantifyRange():
                return self.truth(expr)
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

    def ticks(self, expr: m.TExpr) -> Expr:
        """A number of ticks, drawn as a value; where ticks are counted it has a bound, so E0308 if there is none."""
        value = self.value(expr)
        if self.layout.mode.timed and self.layout.parametric and endless(value):
            raise error("E0308", "this number of ticks may have no bound", expr.span, TICKS_HINT)
        return value

    def read(self, value: Expr, needs: Sequence[Need], span: Span, sort: Scalar, access: Access | None = None) -> Expr:
        """One step that reads `value` into a register."""
        register = self.temp(sort)
        saved, self.action = self.action, replace(self.describe(span), result=(value, sort))
        self.step([(register, value)], halting_checks(needs), (access,) if access else ())
        self.action = saved
        return register

    def load(self, expr: m.Load, found: Located | None = None) -> Expr:
        """A read of a plain variable, whose place may be found already."""
        located = found or self.locate(expr.place)
        place = self.pure.place(located)
        access = None if expr.racy else self.access(located, place, False, expr.marked, expr.span)
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
            needs = self.pure.index_need(value, bound, position.span.text)
            if needs:
                self.free(checks=halting_checks(needs))
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

    def refuse_endless(self, stmt: m.SFor, first: Expr, last: Expr) -> None:
        """E0308 for a loop in one step whose rounds no bound is known of."""
        if self.atomic and self.layout.parametric and (endless(first) or endless(last)):
            hint = "an atomic block runs in one step; take the loop out of it, or give the size a value"
            raise error("E0308", "a loop inside an atomic block has no known number of rounds", stmt.first.span, hint)

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
            case m.QuantifyRange() if not self.is_local(expr):
                raise needs_number(extent_in(expr), expr.span, "each value would be a step of its own; write a loop")
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
            taken, left = (on_true, on_false) if value.value else (on_false, on_true)
            self.goto(taken)
            self.never(left)
            return
        self.edge(self.here, on_true, guard=value, kind=EdgeKind.FREE)
        self.edge(self.here, on_false, guard=not_(value), kind=EdgeKind.FREE)

    # ------------------------------------------------------------ operations

    @abstractmethod
    def call(self, expr: m.CallFunction) -> Expr | None:
        """A function, expanded here; defined by the statement level."""

    @abstractmethod
    def operation(self, expr: m.CallOperation) -> Expr | None:
        """A kernel operation; defined by the operation level."""


def _only_of_int(check: Check) -> bool:
    """Whether a check is about an end of C's int, which is no bound where a size is open."""
    match check:
        case Check(sanitizer="range", ok=Apply(op=Op.LE, args=(Lit(value=low), _))) if low == INT_MIN:
            return True
        case Check(sanitizer="range", ok=Apply(op=Op.LE, args=(_, Lit(value=high)))) if high == INT_MAX:
            return True
        case _:
            return False


def extent_in(expr: m.TExpr) -> Extent:
    """The open size that an expression depends on."""
    return next(part.extent for part in subexpressions(expr) if isinstance(part, m.Parameter))


def halting_checks(needs: Sequence[Need]) -> list[Check]:
    """Needs as checks that end the behaviour."""
    return [Check(need.sanitizer, need.ok, need.message, True) for need in needs]
