"""Flag words: every operation is atomic."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.ir.expr import FALSE, TRUE, Expr
from oomcheck.ir.sorts import BOOL
from oomcheck.objects.base import ArgKind, Facts, Operand, Operation, ResultKind, Site, obj, step

_ARGS = (ArgKind.BIT, ArgKind.WORD)


def _test(_facts: Facts, args: Sequence[Operand]) -> Expr:
    bit, word = args
    assert isinstance(bit, int)
    return obj(word).at("bits", bit)


def _write(site: Site, args: Sequence[Operand], value: Expr) -> None:
    bit, word = args
    assert isinstance(bit, int)
    step(site, [(obj(word).at("bits", bit), value)])


def _exchange(site: Site, args: Sequence[Operand], value: Expr) -> Expr:
    """Write the bit and return what it was, in one step."""
    bit, word = args
    assert isinstance(bit, int)
    place, old = obj(word).at("bits", bit), site.temp(BOOL)
    step(site, [(old, place), (place, value)])
    return old


def _operations(test: str, set_: str, clear: str, test_and_set: str, test_and_clear: str) -> tuple[Operation, ...]:
    return (
        Operation(test, "flags", _ARGS, ResultKind.BOOL, value=_test),
        Operation(set_, "flags", _ARGS, draw=lambda site, args: _write(site, args, TRUE)),
        Operation(clear, "flags", _ARGS, draw=lambda site, args: _write(site, args, FALSE)),
        Operation(test_and_set, "flags", _ARGS, ResultKind.BOOL, draw=lambda site, args: _exchange(site, args, TRUE)),
        Operation(
            test_and_clear, "flags", _ARGS, ResultKind.BOOL, draw=lambda site, args: _exchange(site, args, FALSE)
        ),
    )


FLAG_OPERATIONS = (
    *_operations("test_bit", "set_bit", "clear_bit", "test_and_set_bit", "test_and_clear_bit"),
    # the spelling of v6.18 and later for mm flags
    *_operations("mm_flags_test", "mm_flags_set", "mm_flags_clear", "mm_flags_test_and_set", "mm_flags_test_and_clear"),
)
