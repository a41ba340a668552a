"""Tasks: states and wake-ups; the fields that every thread and thread group has."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import Expr, Index, Lit, and_, binary, eq, ite, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, EnumSort, Scalar
from oomcheck.objects.base import (
    COUNTER,
    ArgKind,
    Assignment,
    Check,
    Facts,
    Field,
    Operand,
    Operation,
    ResultKind,
    Site,
    atomic_context,
    bool_sort,
    expr,
    step,
)

TASK_STATES = EnumSort(
    "task state",
    ("TASK_RUNNING", "TASK_INTERRUPTIBLE", "TASK_KILLABLE", "TASK_UNINTERRUPTIBLE", "TASK_FROZEN", "TASK_DEAD"),
)
RUNNING, INTERRUPTIBLE, KILLABLE, UNINTERRUPTIBLE, FROZEN, DEAD = (Lit(i, TASK_STATES) for i in range(6))


def _state_sort(_names: tuple[str, ...]) -> Scalar:
    return TASK_STATES


#: Fields of every thread; the front end leaves out those that a model never uses.
TASK_FIELDS = (
    Field("state", _state_sort, per_process=True),
    Field("sigkill", bool_sort, per_process=True),
    Field("v2_frozen", bool_sort, per_process=True),
)
#: Fields of every thread group.
GROUP_FIELDS = (Field("group_exit", bool_sort, per_process=True),)


def task_field(facts: Facts, field: str, task: Expr) -> Index:
    """A field of the thread that `task` refers to (1 is process 0)."""
    return facts.task.at(field, binary(Op.SUB, task, Lit(1, COUNTER)))


def own(facts: Facts, field: str, process: int) -> Index:
    """A field of a known process."""
    return facts.task.at(field, process)


def fatal_pending(facts: Facts, process: int) -> Expr:
    """A known process has SIGKILL pending."""
    return own(facts, "sigkill", process)


def not_null(task: Expr) -> Check:
    """The reference to a thread is not NULL."""
    return Check("null", binary(Op.NE, task, Lit(0, COUNTER)), "NULL is used as a thread", True)


def is_state(place: Expr, *states: Lit) -> Expr:
    """The state is one of those named."""
    return or_(*(eq(place, state) for state in states))


def group_of(facts: Facts, task: Expr) -> Expr:
    """Number of the thread group of a thread, as an expression."""
    if isinstance(task, Lit):
        known = 1 <= task.value <= len(facts.group_of)
        return Lit(facts.group_of[task.value - 1] if known else 0, COUNTER)
    result: Expr = Lit(0, COUNTER)
    for process, group in enumerate(facts.group_of):
        result = ite(eq(task, Lit(process + 1, COUNTER)), Lit(group, COUNTER), result)
    return result


def _task_state(facts: Facts, args: Sequence[Operand]) -> Expr:
    return ite(facts.dead(expr(args[0])), DEAD, task_field(facts, "state", expr(args[0])))


def _set_current_state(site: Site, args: Sequence[Operand]) -> None:
    step(site, [(own(site.facts, "state", site.me), expr(args[0]))])


def awake(facts: Facts, process: int) -> Expr:
    """The thread is RUNNING; with SIGKILL pending, interruptible and killable states do not sleep at all."""
    state = own(facts, "state", process)
    killed = and_(fatal_pending(facts, process), is_state(state, INTERRUPTIBLE, KILLABLE))
    return or_(eq(state, RUNNING), killed)


def _schedule(site: Site, _args: Sequence[Operand]) -> None:
    """Sleep until woken."""
    state = own(site.facts, "state", site.me)
    step(site, [(state, RUNNING)], atomic_context(site, "schedule"), awake(site.facts, site.me))


def _wake_up_process(site: Site, args: Sequence[Operand]) -> Expr:
    place, woken = task_field(site.facts, "state", expr(args[0])), site.temp(BOOL)
    asleep = is_state(place, INTERRUPTIBLE, KILLABLE, UNINTERRUPTIBLE)
    updates: list[Assignment] = [(woken, asleep), (place, ite(asleep, RUNNING, place))]
    step(site, updates, [not_null(expr(args[0]))])
    return woken


def _same_group(facts: Facts, args: Sequence[Operand]) -> Expr:
    return eq(group_of(facts, expr(args[0])), group_of(facts, expr(args[1])))


_T = (ArgKind.TASK,)

TASK_OPERATIONS = (
    Operation("task_state", "", _T, ResultKind.STATE, value=_task_state),
    Operation("set_current_state", "", (ArgKind.STATE,), draw=_set_current_state),
    Operation("schedule", "", (), draw=_schedule, sleeps=True),
    Operation("wake_up_process", "", _T, ResultKind.BOOL, draw=_wake_up_process),
    Operation("same_thread_group", "", (ArgKind.TASK, ArgKind.TASK), ResultKind.BOOL, value=_same_group),
)
