"""Statements of threads, drawn into the flow; functions are expanded where they are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var, add, binary
from oomcheck.ir.ops import Op
from oomcheck.ir.system import Action
from oomcheck.lang import model as m
from oomcheck.lang.calls import expressions_of, statements_of
from oomcheck.lang.frames import Frame, default, head, labels_in, short
from oomcheck.lang.layout import Layout
from oomcheck.lang.points import Points
from oomcheck.lang.pure import combine
from oomcheck.lang.ranges import as_sort
from oomcheck.lang.registers import Registers
from oomcheck.lang.thread_ops import ThreadOps
from oomcheck.lang.types import VoidType, sort_of
from oomcheck.objects.base import COUNTER, Assignment, Check, EdgeKind
from oomcheck.objects.table import OPERATIONS


class ThreadStmt(ThreadOps):
    """Draws the statements of one thread."""

    def __init__(
        self, layout: Layout, me: int, registers: Registers, preempt: Var | None, softirq: bool, points: Points
    ) -> None:
        super().__init__(layout, me, registers, preempt, softirq)
        self._points = points
        self._frames: list[Frame] = []
        self._block_action: Action | None = None  # of the atomic block being drawn

    # ------------------------------------------------------------ bodies and functions

    def thread(self, body: m.TStmt, name: str) -> None:
        """The body of a thread, from `here` to the flow's exit."""
        end = self.node()
        self.body(body, name, end, None)
        self.here = end

    def body(self, body: m.TStmt, name: str, end: int, result: Var | None) -> None:
        """A body whose returns lead to `end`."""
        frame = Frame(name, end, result, [], [], {}, {})
        self._frames.append(frame)
        self.newlabels_in(body, self.atomic > 0)
        self.statement(body)
        self.goto(end)
        self._frames.pop()

    def newlabels_in(self, body: m.TStmt, inner: bool) -> None:
        """A node for each label of a body; those in atomic blocks are no places to rest."""
        atomic = {name for stmt in statements_of(body) if isinstance(stmt, m.SAtomic) for name in labels_in(stmt.body)}
        for label in labels_in(body):
            node = self.flow.node(self.region | {label}, inner or label in atomic)
            self._frames[-1].labels[label] = (node, -1)

    def call(self, expr: m.CallFunction) -> Expr | None:
        """A function: arguments left to right, then its body, then its locals are gone."""
        function = self.layout.model.function(expr.function)
        stored: list[tuple[m.LocalVar, Expr]] = []
        places = {}
        for formal, arg in zip(function.formals, expr.args, strict=True):
            if isinstance(formal, m.ObjectFormal):
                assert isinstance(arg, m.Place)
                places[formal] = self.locate(arg)
            else:
                assert not isinstance(arg, m.Place)
                stored.append((formal, self.value(arg)))
        for local, value in stored:
            self.write_local(local, value)
        saved = (self.source, self.region, dict(self.pure.formals), self.action)
        self.pure.formals.update(places)
        self.source = function.source or self.source
        result = None
        if not isinstance(function.result, VoidType):
            result = self.temp(sort_of(function.result, self.layout.model.referents))
        self.enter_region(function.name)
        end = self.node()
        self.body(function.body, function.name, end, result)
        self.here = end
        self.free(self.resets([local for local, _ in stored]))
        self.source, region, formals, self.action = saved
        self.leave_region(region)
        self.pure.formals.clear()
        self.pure.formals.update(formals)
        return result

    def enter_region(self, name: str) -> None:
        """Nodes from here on lie in `name`."""
        self.region = self.region | {name}
        self.free()

    def leave_region(self, region: frozenset[str]) -> None:
        """Nodes from here on lie in `region` again."""
        self.region = region
        self.free()

    def resets(self, local_vars: list[m.LocalVar]) -> list[Assignment]:
        """Locals that go out of scope take their default, so that they do not tell states apart."""
        updates: list[Assignment] = []
        for local in local_vars:
            updates.append((self.local(local), default(self.local(local).sort)))
            if not local.initialised:
                updates.append((self.registers.written(local), FALSE))
        return updates

    # ------------------------------------------------------------ statements

    @contextmanager
    def statement_of(self, span: Span, source: str = "") -> Iterator[None]:
        """Temporaries drawn inside end with the statement; actions inside describe it."""
        depth, saved = self.registers.depth, (self.action, self.source)
        self.indices = ()
        self.source = source or self.source
        self.action = self.describe(span)
        self.point = self._points.point(span, self.source)
        self.free()
        yield
        self.kill(depth)
        self.action, self.source = saved

    def kill(self, depth: int) -> None:
        """Reset the temporaries above `depth`."""
        dropped = self.registers.drop(depth)
        if dropped:
            self.free([(var, default(var.sort)) for var in dropped])

    def statement(self, stmt: m.TStmt) -> None:
        """Any statement."""
        match stmt:
            case m.SBlock():
                self.block(stmt)
            case m.SLabel():
                self.label(stmt)
            case m.SIf():
                self.if_(stmt)
            case m.SWhile():
                self.while_(stmt)
            case m.SFor():
                self.for_(stmt)
            case m.SEach():
                self.each(stmt)
            case m.SAtomic():
                self.atomic_block(stmt)
            case m.SEither():
                self.either(stmt)
            case m.SRcu():
                self.rcu(stmt)
            case m.SCost():
                self.costed(stmt)
            case _:
                self.simple(stmt)

    def block(self, stmt: m.SBlock) -> None:
        """A scope."""
        frame = self._frames[-1]
        frame.scopes.append(list(stmt.locals))
        for inner in stmt.body:
            if isinstance(inner, m.SLabel):
                frame.labels[inner.label] = (frame.labels[inner.label][0], len(frame.scopes))
        for inner in stmt.body:
            self.statement(inner)
        frame.scopes.pop()
        if stmt.locals:
            self.free(self.resets(list(stmt.locals)))

    def label(self, stmt: m.SLabel) -> None:
        """A place where the thread can be seen."""
        frame = self._frames[-1]
        node, scopes = frame.labels[stmt.label]
        frame.labels[stmt.label] = (node, len(frame.scopes) if scopes < 0 else scopes)
        outside = self.region
        self.flow.regions[node] = outside | {stmt.label}
        self.goto(node)
        self.region = outside | {stmt.label}
        self.here = node
        self.place_label(stmt, node)
        self.statement(stmt.body)
        self.leave_region(outside)

    def if_(self, stmt: m.SIf) -> None:
        """A branch; one that constants decide is drawn without the other side."""
        done, yes, no = self.node(), self.node(), self.node()
        depth = self.registers.depth
        known = self.known(stmt.condition)
        saved, self.action = self.action, self.describe(stmt.condition.span)
        self.point = self._points.point(stmt.condition.span, self.source)
        self.free()
        if known is None:
            self.condition(stmt.condition, yes, no)
        else:
            self.goto(yes if known else no)
            self.never(done)
        self.action = saved
        dropped = [(var, default(var.sort)) for var in self.registers.drop(depth)]
        for node, branch, wanted in ((yes, stmt.then, True), (no, stmt.other, False)):
            if known is not None and known is not wanted:
                continue
            self.here = node
            if dropped:
                self.free(dropped)
            if branch is not None:
                self.statement(branch)
            self.goto(done)
        self.here = done

    def known(self, condition: m.TExpr) -> bool | None:
        """The truth of a condition that constants decide."""
        if not self.is_local(condition):
            return None
        value, needs = self.pure.pure(condition)
        return bool(value.value) if isinstance(value, Lit) and not needs else None

    def while_(self, stmt: m.SWhile) -> None:
        """A loop."""
        frame = self._frames[-1]
        head, inside, done = self.node(), self.node(), self.node()
        self.goto(head)
        self.here = head
        depth = self.registers.depth
        leave = self.node()
        saved, self.action = self.action, self.describe((stmt.condition or stmt).span)
        if stmt.condition is None:
            self.goto(inside)
        else:
            self.condition(stmt.condition, inside, leave)
        self.action = saved
        dropped = [(var, default(var.sort)) for var in self.registers.drop(depth)]
        self.edge(leave, done, updates=dropped, kind=EdgeKind.FREE)
        self.here = inside
        if dropped:
            self.free(dropped)
        frame.loops.append((done, head, len(frame.scopes)))
        self.statement(stmt.body)
        frame.loops.pop()
        self.goto(head)
        self.here = done

    def for_(self, stmt: m.SFor) -> None:
        """A counting loop; its bounds are evaluated once and kept in registers if they are not constant."""
        frame = self._frames[-1]
        depth = self.registers.depth
        saved, self.action = self.action, self.describe(stmt.first.span)
        first, last = self.value(stmt.first), self.kept(self.value(stmt.last))
        self.action = saved
        self.refuse_endless(stmt, first, last)
        (least, most), (low, high) = self.layout.ends(first), self.layout.ends(last)
        past = low - 1 if stmt.down else high + 1
        sort = as_sort(min(least, past), max(most, past))
        counter = self.registers.local(stmt.variable, sort)
        self.free([(counter, first)])
        head, inside, advance, done = (self.node() for _ in range(4))
        self.goto(head)
        more = binary(Op.LE, last, counter) if stmt.down else binary(Op.LE, counter, last)
        self.here = head
        self.branch(more, inside, done)
        frame.scopes.append([stmt.variable])
        frame.loops.append((done, advance, len(frame.scopes)))
        self.here = inside
        self.statement(stmt.body)
        frame.loops.pop()
        frame.scopes.pop()
        self.goto(advance)
        self.here = advance
        one = Lit(-1 if stmt.down else 1, COUNTER)
        self.free([(counter, add(counter, one))])
        self.goto(head)
        self.here = done
        self.free([(counter, default(counter.sort))])
        self.kill(depth)

    def kept(self, bound: Expr) -> Expr:
        """A bound of locals that the body may change, kept in a register."""
        if self.layout.never_changes(bound) or (isinstance(bound, Var) and bound.name in self.registers.temps):
            return bound
        register = self.temp(as_sort(*self.layout.ends(bound)))
        self.free([(register, bound)])
        return register

    def each(self, stmt: m.SEach) -> None:
        """The body once for each value."""
        frame = self._frames[-1]
        done = self.node()
        for value in stmt.values:
            following = self.node()
            self.pure.fixed[stmt.variable] = value
            frame.loops.append((done, following, len(frame.scopes)))
            self.newlabels_in(stmt.body, self.atomic > 0)
            self.statement(stmt.body)
            frame.loops.pop()
            self.goto(following)
            self.here = following
        self.pure.fixed.pop(stmt.variable, None)
        self.goto(done)
        self.here = done

    def atomic_block(self, stmt: m.SAtomic) -> None:
        """One step: enters as part of it, ends with it."""
        self.refuse_sleeping(stmt.body)
        if self.atomic:
            self.statement(stmt.body)
            return
        saved, self.action = self.action, self.describe(stmt.span)
        inside = self.flow.node(self.region, True)
        self.point = self._points.point(stmt.span, self.source)
        self.edge(self.here, inside, kind=EdgeKind.BIND)
        self.atomic = 1
        self.here = inside
        self.action = None
        self._block_action = self.describe(stmt.span)
        self.statement(stmt.body)
        self.atomic = 0
        self.action = self.describe(stmt.span)
        done = self.node()
        self.edge(self.here, done)
        self.here = done
        self.action = saved

    def refuse_sleeping(self, body: m.TStmt) -> None:
        """E0304 for operations that wait in the middle."""
        for inner in statements_of(body):
            if isinstance(inner, m.SDelay):
                raise error("E0304", "`delay` inside an atomic block", inner.span)
        for expr in expressions_of(body):
            if isinstance(expr, m.CallOperation) and OPERATIONS[expr.operation].sleeps:
                raise error("E0304", f"`{expr.operation}` may sleep inside an atomic block", expr.span)
            if isinstance(expr, m.CallFunction):
                self.refuse_sleeping(self.layout.model.function(expr.function).body)

    def either(self, stmt: m.SEither) -> None:
        """Nondeterministic branches, chosen together with what follows."""
        start, done = self.here, self.node()
        for branch in stmt.branches:
            first = self.node()
            self.edge(start, first, kind=EdgeKind.BIND)
            self.here = first
            self.statement(branch)
            self.goto(done)
        self.here = done

    def rcu(self, stmt: m.SRcu) -> None:
        """A read section around the body; leaving by return or break closes it too."""
        frame = self._frames[-1]
        with self.statement_of(head(stmt.span)):
            self.section("rcu_read_lock", stmt.domain)
        frame.sections[len(frame.scopes)] = stmt.domain
        frame.scopes.append([])
        self.statement(stmt.body)
        frame.scopes.pop()
        del frame.sections[len(frame.scopes)]
        with self.statement_of(head(stmt.span)):
            self.section("rcu_read_unlock", stmt.domain)

    def costed(self, stmt: m.SCost) -> None:
        """A statement whose waits are counted, where the check asks for that."""
        saved = self.counted
        if stmt.counter in self.layout.mode.costs and stmt.counter not in saved:
            self.counted = (*saved, stmt.counter)
        self.statement(stmt.body)
        self.counted = saved

    def section(self, operation: str, domain: m.Place) -> None:
        """Open or close a read section."""
        self.operation(m.CallOperation(operation, (domain,), VoidType(), domain.span))

    # ------------------------------------------------------------ simple statements

    def simple(self, stmt: m.TStmt) -> None:
        """A statement that contains no other."""
        assert not isinstance(stmt, m.SBlock)
        with self.statement_of(stmt.span, getattr(stmt, "source", "")):
            match stmt:
                case m.SDeclare(local=local, value=value):
                    if value is not None:
                        self.write_local(local, self.value(value))
                case m.SAssignLocal(local=local, value=value):
                    self.write_local(local, self.value(value))
                case m.SAssign():
                    self.assign(stmt)
                case m.SCall(call=m.CallFunction() as call):
                    self.call(call)
                case m.SCall(call=m.CallOperation() as call):
                    self.operation(call)
                case m.SChoose():
                    self.choose(stmt)
                case m.STest():
                    self.test(stmt)
                case m.SDelay():
                    self.delay(stmt)
                case m.SReturn():
                    self.return_(stmt)
                case m.SGoto() | m.SJump():
                    self.jump(stmt)
                case _:
                    raise AssertionError(stmt)

    def assign(self, stmt: m.SAssign) -> None:
        """A store: ghosts freely, others as a step."""
        if not stmt.ghost:
            if isinstance(stmt.value, m.Operate) and getattr(stmt.value.args[0], "place", None) is stmt.place:
                self.compound(stmt, stmt.value)
                return
            located_value = self.value(stmt.value)
            self.store(stmt.place, located_value, False, stmt.span)
            return
        value, needs = self.pure.pure(stmt.value)
        located = self.pure.locate(stmt.place)
        ok = [Check(need.sanitizer, need.ok, need.message, True) for need in (*needs, *located.needs)]
        checks = [*ok, *self.range_checks(stmt.place.type, value, " ".join(stmt.place.span.text.split()))]
        self.free([(self.pure.place(located), value)], checks)

    def compound(self, stmt: m.SAssign, value: m.Operate) -> None:
        """`x += e`: finds the place once, reads it, then writes it."""
        old = value.args[0]
        assert isinstance(old, m.Load)
        located = self.locate(stmt.place)
        before = self.load(old, located)
        after = combine(value.operator, before, self.value(value.args[1]))
        self.store(stmt.place, after, False, stmt.span, located)

    def choose(self, stmt: m.SChoose) -> None:
        """One of several values, chosen together with what follows."""
        start, done = self.here, self.node()
        sort = sort_of(stmt.local.type, self.layout.model.referents)
        for value in stmt.values:
            literal = Lit(value, sort)
            updates: list[Assignment] = [(self.local(stmt.local), literal)]
            if not stmt.local.initialised:
                updates.append((self.registers.written(stmt.local), TRUE))
            checks = self.range_checks(stmt.local.type, literal, stmt.local.name)
            self.edge(start, done, updates=updates, checks=checks, kind=EdgeKind.BIND)
        self.here = done

    def test(self, stmt: m.STest) -> None:
        """Await waits, assert checks, assume cuts; each looks at one instant."""
        value, needs = self.instant(stmt)
        checks = [Check(need.sanitizer, need.ok, need.message, True) for need in needs]
        guard: Expr = TRUE
        if stmt.kind == "await":
            guard = value
        elif stmt.kind == "assert":
            checks.append(Check("assert", value, stmt.message or f"assertion failed: {short(stmt)}"))
        else:
            guard = value
            checks.append(Check("assume", value, "assume", True))
        free = stmt.kind != "await" and not self.reads_shared(stmt.condition)
        target = self.node()
        kind = EdgeKind.FREE if free else EdgeKind.STEP
        if free and guard != TRUE:
            # a free edge evaluates its checks under its guard, so the cut needs an edge without one
            self.free(checks=checks)
            checks = []
        self.edge(self.here, target, guard=guard, checks=checks, kind=kind)
        self.here = target

    def return_(self, stmt: m.SReturn) -> None:
        """Leave the function or end the thread."""
        frame = self._frames[-1]
        if stmt.value is not None:
            assert frame.result is not None
            value = self.value(stmt.value)
            kind = self.layout.model.function(frame.function).result
            checks = self.range_checks(kind, value, f"the result of {frame.function}")
            self.free([(frame.result, value)], checks)
        self.leave(0, frame.exit)

    def leave(self, scopes: int, target: int) -> None:
        """Jump to a node outside of all but `scopes` scopes; the statement goes on at a dead node."""
        frame = self._frames[-1]
        for number in range(len(frame.scopes) - 1, scopes - 1, -1):
            if number in frame.sections:
                self.section("rcu_read_unlock", frame.sections[number])
        gone = [local for scope in frame.scopes[scopes:] for local in scope]
        if self.atomic and target not in self.flow.inner:  # the block ends here, and its step with it
            saved, self.action, self.atomic = self.action, self._block_action, 0
            self.edge(self.here, target, updates=self.resets(gone))
            self.action, self.atomic = saved, 1
        else:
            self.edge(self.here, target, updates=self.resets(gone), kind=EdgeKind.FREE)
        self.here = self.node()

    def jump(self, stmt: m.SGoto | m.SJump) -> None:
        """goto, break, continue and skip."""
        frame = self._frames[-1]
        if isinstance(stmt, m.SGoto):
            target, scopes = frame.labels[stmt.label]
            if scopes < 0 or scopes > len(frame.scopes):
                raise error("E0208", f"goto jumps into the block of `{stmt.label}`", stmt.span)
            self.leave(scopes, target)
        elif stmt.kind == "break":
            self.leave(frame.loops[-1][2], frame.loops[-1][0])
        elif stmt.kind == "continue":
            self.leave(frame.loops[-1][2], frame.loops[-1][1])
