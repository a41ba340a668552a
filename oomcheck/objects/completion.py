"""completion: a counted one-way signal; complete_all opens it for good."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, add, and_, binary, eq, ite, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort, Scalar
from oomcheck.objects.base import (
    TICKS,
    ArgKind,
    Assignment,
    Check,
    EdgeKind,
    Facts,
    Field,
    ObjectKind,
    ObjRef,
    Operand,
    Operation,
    ResultKind,
    Site,
    atomic_context,
    expr,
    obj,
    step,
    tick_checks,
)
from oomcheck.objects.task import fatal_pending

FOREVER = 15  # "done" by complete_all; plain complete may count up to one less
_DONE = IntSort(0, FOREVER)
_ZERO, _ONE, _ALL = Lit(0, _DONE), Lit(1, _DONE), Lit(FOREVER, _DONE)


def _done_sort(_names: tuple[str, ...]) -> Scalar:
    return _DONE


def _is_done(ref: ObjRef) -> Expr:
    return not_(eq(ref.at("done"), _ZERO))


def _consumed(ref: ObjRef) -> Expr:
    done = ref.at("done")
    return ite(eq(done, _ALL), _ALL, binary(Op.SUB, done, _ONE))


def _wait(site: Site, args: Sequence[Operand]) -> None:
    ref = obj(args[0])
    checks = atomic_context(site, "wait_for_completion")
    step(site, [(ref.at("done"), _consumed(ref))], checks, guard=_is_done(ref))


def _wait_killable(site: Site, args: Sequence[Operand]) -> Expr:
    ref = obj(args[0])
    interrupted, target = site.temp(BOOL), site.node()
    taken: list[Assignment] = [(ref.at("done"), _consumed(ref)), (interrupted, FALSE)]
    checks = atomic_context(site, "wait_for_completion_killable")
    site.edge(site.here, target, guard=_is_done(ref), updates=taken, checks=checks)
    killed = and_(not_(_is_done(ref)), fatal_pending(site.facts, site.me))
    site.edge(site.here, target, guard=killed, updates=[(interrupted, TRUE)])
    site.here = target
    return interrupted


def _wait_timeout(site: Site, args: Sequence[Operand]) -> Expr:
    """True if it was completed, false if the ticks were over first."""
    ref, ticks, left = obj(args[0]), expr(args[1]), site.countdown()
    result, asleep, target = site.temp(BOOL), site.node(), site.node()
    checks = atomic_context(site, "wait_for_completion_timeout")
    start: list[Assignment] = [] if left is None else [(left, ticks)]
    gone: list[Assignment] = [] if left is None else [(left, Lit(0, TICKS))]
    site.edge(
        site.here, asleep, updates=start, checks=tick_checks(ticks, "wait_for_completion_timeout"), kind=EdgeKind.FREE
    )
    if left is not None:
        site.rest_at(asleep, left, "wait_for_completion_timeout")
    taken: list[Assignment] = [(ref.at("done"), _consumed(ref)), (result, TRUE), *gone]
    site.edge(asleep, target, guard=_is_done(ref), updates=taken, checks=checks)
    over = and_(not_(_is_done(ref)), TRUE if left is None else eq(left, Lit(0, TICKS)))
    site.edge(asleep, target, guard=over, updates=[(result, FALSE), *gone], note="times out")
    site.here = target
    return result


def _try_wait(site: Site, args: Sequence[Operand]) -> Expr:
    ref = obj(args[0])
    got = site.temp(BOOL)
    step(site, [(got, _is_done(ref)), (ref.at("done"), ite(_is_done(ref), _consumed(ref), _ZERO))])
    return got


def _complete(site: Site, args: Sequence[Operand]) -> None:
    ref = obj(args[0])
    done = ref.at("done")
    room = Check("range", not_(eq(done, Lit(FOREVER - 1, _DONE))), f"{ref.text} completed too often", True)
    step(site, [(done, ite(eq(done, _ALL), _ALL, add(done, _ONE)))], [room])


def _complete_all(site: Site, args: Sequence[Operand]) -> None:
    step(site, [(obj(args[0]).at("done"), _ALL)])


def _reinit(site: Site, args: Sequence[Operand]) -> None:
    step(site, [(obj(args[0]).at("done"), _ZERO)])


def _completion_done(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return _is_done(obj(args[0]))


_C = (ArgKind.OBJECT,)

COMPLETION = ObjectKind(
    "completion",
    (Field("done", _done_sort),),
    (
        Operation("wait_for_completion", "completion", _C, draw=_wait, sleeps=True),
        Operation(
            "wait_for_completion_killable",
            "completion",
            _C,
            ResultKind.BOOL,
            draw=_wait_killable,
            sleeps=True,
            must_use=True,
        ),
        Operation(
            "wait_for_completion_timeout",
            "completion",
            (*_C, ArgKind.INT),
            ResultKind.BOOL,
            draw=_wait_timeout,
            sleeps=True,
        ),
        Operation("try_wait_for_completion", "completion", _C, ResultKind.BOOL, draw=_try_wait, must_use=True),
        Operation("complete", "completion", _C, draw=_complete),
        Operation("complete_all", "completion", _C, draw=_complete_all),
        Operation("reinit_completion", "completion", _C, draw=_reinit),
        Operation("completion_done", "completion", _C, ResultKind.BOOL, value=_completion_done),
    ),
)
