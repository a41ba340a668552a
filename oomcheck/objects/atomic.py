"""atomic: an integer whose operations are one step each; its range is checked."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, add, binary, eq, ite, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort, Scalar
from oomcheck.objects.base import (
    ArgKind,
    Assignment,
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

_WORD = IntSort(-(2**31), 2**31 - 1)
_ONE, _ZERO = Lit(1, _WORD), Lit(0, _WORD)


def _word_sort(_names: tuple[str, ...]) -> Scalar:
    return _WORD  # narrowed by the front end to the declared range


def _sort(ref: ObjRef) -> IntSort:
    sort = ref.at("value").array.sort
    element = getattr(sort, "element", None)
    assert isinstance(element, IntSort)
    return element


def _store(ref: ObjRef, value: Expr) -> tuple[list[Assignment], list[Check]]:
    sort = _sort(ref)
    message = f"{ref.text} leaves {sort.lo}..{sort.hi}"
    low, high = binary(Op.LE, Lit(sort.lo, sort), value), binary(Op.LE, value, Lit(sort.hi, sort))
    return [(ref.at("value"), value)], [Check("range", low, message, True), Check("range", high, message, True)]


def _read(_facts: Facts, args: Sequence[Operand]) -> Expr:
    return obj(args[0]).at("value")


def _set(site: Site, args: Sequence[Operand]) -> None:
    step(site, *_store(obj(args[0]), expr(args[1])))


def _change(site: Site, ref: ObjRef, by: Expr) -> None:
    step(site, *_store(ref, add(ref.at("value"), by)))


def _minus(value: Expr) -> Expr:
    return binary(Op.SUB, _ZERO, value)


def _change_return(site: Site, ref: ObjRef, by: Expr) -> Expr:
    new = add(ref.at("value"), by)
    updates, checks = _store(ref, new)
    result = site.temp(_sort(ref))
    step(site, [(result, new), *updates], checks)
    return result


def _dec_and_test(site: Site, args: Sequence[Operand]) -> Expr:
    ref = obj(args[0])
    updates, checks = _store(ref, binary(Op.SUB, ref.at("value"), _ONE))
    result = site.temp(BOOL)
    step(site, [(result, eq(ref.at("value"), _ONE)), *updates], checks)
    return result


def _inc_not_zero(site: Site, args: Sequence[Operand]) -> Expr:
    ref = obj(args[0])
    got, target, zero = site.temp(BOOL), site.node(), eq(ref.at("value"), _ZERO)
    updates, checks = _store(ref, add(ref.at("value"), _ONE))
    site.edge(site.here, target, guard=not_(zero), updates=[*updates, (got, TRUE)], checks=checks)
    site.edge(site.here, target, guard=zero, updates=[(got, FALSE)])
    site.here = target
    return got


def _exchange(site: Site, ref: ObjRef, new: Expr) -> Expr:
    updates, checks = _store(ref, new)
    old = site.temp(_sort(ref))
    step(site, [(old, ref.at("value")), *updates], checks)
    return old


def _xchg(site: Site, args: Sequence[Operand]) -> Expr:
    return _exchange(site, obj(args[0]), expr(args[1]))


def _cmpxchg(site: Site, args: Sequence[Operand]) -> Expr:
    ref, old, new = obj(args[0]), expr(args[1]), expr(args[2])
    return _exchange(site, ref, ite(eq(ref.at("value"), old), new, ref.at("value")))


_A, _I = ArgKind.OBJECT, ArgKind.INT

ATOMIC = ObjectKind(
    "atomic",
    (Field("value", _word_sort, from_declaration=True),),
    (
        Operation("atomic_read", "atomic", (_A,), ResultKind.INT, value=_read),
        Operation("atomic_set", "atomic", (_A, _I), draw=_set),
        Operation("atomic_inc", "atomic", (_A,), draw=lambda s, a: _change(s, obj(a[0]), _ONE)),
        Operation("atomic_dec", "atomic", (_A,), draw=lambda s, a: _change(s, obj(a[0]), Lit(-1, _WORD))),
        Operation("atomic_add", "atomic", (_I, _A), draw=lambda s, a: _change(s, obj(a[1]), expr(a[0]))),
        Operation("atomic_sub", "atomic", (_I, _A), draw=lambda s, a: _change(s, obj(a[1]), _minus(expr(a[0])))),
        Operation(
            "atomic_inc_return", "atomic", (_A,), ResultKind.INT, draw=lambda s, a: _change_return(s, obj(a[0]), _ONE)
        ),
        Operation(
            "atomic_dec_return",
            "atomic",
            (_A,),
            ResultKind.INT,
            draw=lambda s, a: _change_return(s, obj(a[0]), Lit(-1, _WORD)),
        ),
        Operation("atomic_dec_and_test", "atomic", (_A,), ResultKind.BOOL, draw=_dec_and_test, must_use=True),
        Operation("atomic_inc_not_zero", "atomic", (_A,), ResultKind.BOOL, draw=_inc_not_zero, must_use=True),
        Operation("atomic_xchg", "atomic", (_A, _I), ResultKind.INT, draw=_xchg),
        Operation("atomic_cmpxchg", "atomic", (_A, _I, _I), ResultKind.INT, draw=_cmpxchg),
    ),
    init=0,
)
