"""refcount: a count that must never underflow or come back from zero."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, add, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort, Scalar
from oomcheck.objects.base import (
    ArgKind,
    Check,
    Facts,
    Field,
    ObjectKind,
    ObjRef,
    Operand,
    Operation,
    ResultKind,
    Site,
    expr,
    obj,
    step,
)

LIMIT = 255  # far above any model's threads; the kernel saturates at half the word
_COUNT = IntSort(0, LIMIT)
_ZERO, _ONE = Lit(0, _COUNT), Lit(1, _COUNT)


def _count_sort(_names: tuple[str, ...]) -> Scalar:
    return _COUNT


def _positive(ref: ObjRef, message: str) -> Check:
    return Check("refcount", not_(eq(ref.at("count"), _ZERO)), message, True)


def _room(ref: ObjRef) -> Check:
    free = binary(Op.LT, ref.at("count"), Lit(LIMIT, _COUNT))
    return Check("range", free, f"{ref.text} exceeds {LIMIT}", True)


def _read(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return obj(args[0]).at("count")


def _set(site: Site, args: Sequence[Operand]) -> None:
    ref, value = obj(args[0]), expr(args[1])
    low, high = binary(Op.LE, _ZERO, value), binary(Op.LE, value, Lit(LIMIT, _COUNT))
    checks = [Check("range", fits, f"{ref.text} leaves 0..{LIMIT}", True) for fits in (low, high)]
    step(site, [(ref.at("count"), value)], checks)


def _inc(site: Site, args: Sequence[Operand]) -> None:
    ref = obj(args[0])
    checks = [_positive(ref, f"increment of {ref.text} from zero: the object is already dying"), _room(ref)]
    step(site, [(ref.at("count"), add(ref.at("count"), _ONE))], checks)


def _dec(site: Site, args: Sequence[Operand]) -> None:
    """Decrement where it cannot be the last one."""
    ref = obj(args[0])
    left = binary(Op.LT, _ONE, ref.at("count"))
    last = Check("refcount", left, f"refcount_dec of {ref.text} reaches zero without a release")
    check = _positive(ref, f"{ref.text} underflows")
    step(site, [(ref.at("count"), binary(Op.SUB, ref.at("count"), _ONE))], [check, last])


def _inc_not_zero(site: Site, args: Sequence[Operand]) -> Expr:
    ref = obj(args[0])
    got, target, zero = site.temp(BOOL), site.node(), eq(ref.at("count"), _ZERO)
    more = (ref.at("count"), add(ref.at("count"), _ONE))
    site.edge(site.here, target, guard=not_(zero), updates=[more, (got, TRUE)], checks=[_room(ref)])
    site.edge(site.here, target, guard=zero, updates=[(got, FALSE)])
    site.here = target
    return got


def dec_and_test(site: Site, args: Sequence[Operand]) -> Expr:
    """Decrement and tell whether that was the last reference: one step."""
    ref = obj(args[0])
    last = site.temp(BOOL)
    less = (ref.at("count"), binary(Op.SUB, ref.at("count"), _ONE))
    step(site, [(last, eq(ref.at("count"), _ONE)), less], [_positive(ref, f"{ref.text} underflows")])
    return last


_REF = (ArgKind.OBJECT,)

REFCOUNT = ObjectKind(
    "refcount",
    (Field("count", _count_sort, init=1, from_declaration=True),),
    (
        Operation("refcount_read", "refcount", _REF, ResultKind.INT, value=_read),
        Operation("refcount_set", "refcount", (ArgKind.OBJECT, ArgKind.INT), draw=_set),
        Operation("refcount_inc", "refcount", _REF, draw=_inc),
        Operation("refcount_dec", "refcount", _REF, draw=_dec),
        Operation("refcount_inc_not_zero", "refcount", _REF, ResultKind.BOOL, draw=_inc_not_zero, must_use=True),
        Operation("refcount_dec_and_test", "refcount", _REF, ResultKind.BOOL, draw=dec_and_test, must_use=True),
        # `put` also runs the release procedure, which the front end expands after this step
        Operation("put", "refcount", _REF, draw=dec_and_test),
    ),
    init=1,
)
