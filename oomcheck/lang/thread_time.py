"""What passes time in threads: delays, sleeps with a length, and looks at jiffies."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.diag.diagnostic import error
from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Var, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL
from oomcheck.ir.walk import rewrite
from oomcheck.lang import model as m
from oomcheck.lang.needs import Need
from oomcheck.lang.thread_expr import ThreadExpr, halting_checks
from oomcheck.objects.base import COUNTER, TICKS, Assignment, Check, EdgeKind, tick_checks
from oomcheck.objects.table import OPERATIONS
from oomcheck.objects.task import RUNNING, awake, own


class ThreadTime(ThreadExpr):
    """Draws delays, sleeps and comparisons of times."""

    def delay(self, stmt: m.SDelay) -> None:
        """Some time during which the thread is busy."""
        low, high = self.ticks(stmt.low), self.ticks(stmt.high)
        if isinstance(low, Lit) and isinstance(high, Lit) and low.value > high.value:
            raise error("E0303", f"the range {low.value} .. {high.value} is empty", stmt.span)
        if isinstance(low, Lit) and low.value < 0:
            raise error("E0301", "a delay cannot be negative", stmt.low.span)
        self.pause(low, high)

    def pause(self, low: Expr, high: Expr) -> None:
        """Be busy for low .. high ticks; a step that touches nothing ends it."""
        if not self.layout.mode.timed:
            self.flow.pauses.add(self.here)
            self.step([], [])
            return
        pause = self.registers.countdown("pause")
        checks = tick_checks(low, "delay")
        if self.layout.ends(low)[1] > self.layout.ends(high)[0]:
            checks.append(Check("range", binary(Op.LE, low, high), "delay: the range of ticks is empty", True))
        self.rest("delay", pause, high, checks)
        self.flow.patience[self.here] = binary(Op.LT, Lit(0, TICKS), pause)
        early = binary(Op.LE, pause, binary(Op.SUB, high, low))
        target = self.node()
        self.flow.pauses.add(self.here)
        self.edge(self.here, target, guard=early, updates=[(pause, Lit(0, TICKS))])
        self.here = target

    def sleep(self, ticks: Expr) -> None:
        """schedule_timeout(): sleep for so long, or until woken if a sleeping state was set before."""
        checks = self.sleep_checks("schedule_timeout")
        state = own(self.facts, "state", self.me)
        if not self.layout.mode.timed:
            self.flow.pauses.add(self.here)
            self.step([(state, RUNNING)], checks)
            return
        pause = self.registers.countdown("pause")
        self.rest("schedule_timeout", pause, ticks, tick_checks(ticks, "schedule_timeout"))
        chosen = self.registers.special("chosen", BOOL)
        over = or_(eq(pause, Lit(0, TICKS)), and_(chosen, awake(self.facts, self.me)))
        updates: list[Assignment] = [(pause, Lit(0, TICKS)), (state, RUNNING), (chosen, FALSE)]
        target = self.node()
        self.flow.pauses.add(self.here)
        self.edge(self.here, target, guard=over, updates=updates, checks=checks)
        self.here = target

    def rest(self, what: str, pause: Var, ticks: Expr, checks: list[Check]) -> None:
        """Start the countdown together with the access before, and rest at a node of its own."""
        target = self.node()
        self.edge(self.here, target, updates=[(pause, ticks)], checks=checks, kind=EdgeKind.FREE)
        self.here = target
        self.rest_at(target, pause, what)
        for label in self.resting:
            self.flow.labels.setdefault(label, set()).add(target)
        self.resting = ()

    def note_state(self) -> None:
        """Whether the thread has chosen a sleeping state, so that a wake-up ends its schedule_timeout()."""
        if self.layout.mode.timed:
            chosen = self.registers.special("chosen", BOOL)
            self.free([(chosen, not_(eq(own(self.facts, "state", self.me), RUNNING)))])

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

    def place_label(self, stmt: m.SLabel, node: int) -> None:
        """A labelled pause is seen where it rests, any other statement where it begins."""
        if self.pauses(stmt.body):
            self.resting += (stmt.label,)
        else:
            self.flow.labels.setdefault(stmt.label, set()).add(node)

    def pauses(self, stmt: m.TStmt) -> bool:
        """Whether a statement starts with a pause whose length is known, so that its label is where the pause is."""
        match stmt:
            case m.SLabel(body=inner) | m.SCost(body=inner):
                return self.pauses(inner)
            case m.SBlock(body=body):
                first = next((s for s in body if not isinstance(s, m.SDeclare) or s.value is not None), None)
                return first is not None and self.pauses(first)
            case m.SDelay(low=low, high=high):
                return self.layout.mode.timed and self.is_local(low) and self.is_local(high)
            case m.SCall(call=m.CallOperation(operation="schedule_timeout", args=(ticks,))):
                return self.layout.mode.timed and not isinstance(ticks, m.Place) and self.is_local(ticks)
            case _:
                return False

    def compare_time(self, expr: m.CallOperation) -> Expr:
        """A look at jiffies: one step, with either outcome where time has no length."""
        deadline = expr.args[0]
        saved, self.action = self.action, self.describe(expr.span)
        access, needs = None, []
        if isinstance(deadline, m.Load):
            located = self.locate(deadline.place)
            place = self.pure.place(located)
            access, needs = self.access(located, place, False, deadline.marked, expr.span), list(located.needs)
            left: Expr = place
        else:
            assert isinstance(deadline, m.ReadLocal)
            left = self.read_local(deadline.local, deadline.span)
        if self.layout.mode.timed:
            value = OPERATIONS[expr.operation].value
            assert value is not None
            result: Expr = self.read(value(self.facts, [left]), needs, expr.span, BOOL, access)
        else:
            result, target = self.temp(BOOL), self.node()
            for outcome in (TRUE, FALSE):
                checks = halting_checks(needs)
                accesses = (access,) if access else ()
                self.edge(self.here, target, updates=[(result, outcome)], checks=checks, accesses=accesses)
            self.here = target
        self.action = saved
        return result

    def instant(self, stmt: m.STest) -> tuple[Expr, list[Need]]:
        """The condition of a test; an untimed comparison in it has the outcome that the test is about.

        `await` and `assume` go on if some outcome lets them, `assert` fails if some outcome makes it.
        """
        self.pure.outcomes = []
        value, needs = self.pure.pure(stmt.condition)
        outcomes, self.pure.outcomes = self.pure.outcomes, None
        join = and_ if stmt.kind == "assert" else or_
        for outcome in outcomes:
            value = join(*_decided(value, outcome))
            needs = [replace(need, ok=and_(*_decided(need.ok, outcome))) for need in needs]
        return value, needs


def _decided(value: Expr, outcome: Var) -> tuple[Expr, Expr]:
    """A condition with an outcome, and with the opposite one."""

    def yes(leaf: Lit | Var | Index) -> Expr:
        return TRUE if leaf == outcome else leaf

    def no(leaf: Lit | Var | Index) -> Expr:
        return FALSE if leaf == outcome else leaf

    return rewrite(value, yes), rewrite(value, no)
