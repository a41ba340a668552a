"""Values that are known before a model runs: sizes, ranges, first values."""

from __future__ import annotations

from oomcheck.diag.diagnostic import error
from oomcheck.ir.expr import truncated_quotient
from oomcheck.lang import model as m
from oomcheck.lang.types import DEADLINE

MAX_NUMBER = 10**18


def constant_value(value: m.TExpr) -> int:
    """The number that a typed expression is, without running anything; E0216 if it depends on state."""
    match value:
        case m.Const(value=number):
            return number
        case m.Operate(operator=operator, args=args) if value.type != DEADLINE:
            number = _operate(operator, args)
            if abs(number) > MAX_NUMBER:
                raise error("E0301", "the number has more than 18 digits", value.span)
            return number
        case m.Reference(base=base, indices=indices):
            return base + 1 + sum(_index(position, size) for position, size in indices)
        case _:
            raise error("E0216", "this is not known before the model runs", value.span, "use constants and parameters")


def _index(position: m.TExpr, size: int) -> int:
    number = constant_value(position)
    if not 0 <= number < size:
        raise error("E0301", f"index {number} is outside of 0..{size - 1}", position.span)
    return number


def _operate(operator: str, args: tuple[m.TExpr, ...]) -> int:
    first = constant_value(args[0])
    match operator:
        case "!":
            return int(not first)
        case "neg":
            return -first
        case "?:":
            return constant_value(args[1] if first else args[2])
        case "&&":
            return constant_value(args[1]) if first else 0
        case "||":
            return 1 if first else constant_value(args[1])
        case "->":
            return constant_value(args[1]) if first else 1
        case "/" | "%" if constant_value(args[1]) == 0:
            raise error("E0301", "division by zero", args[1].span)
        case _:
            return operate_numbers(operator, first, constant_value(args[1]))


def operate_numbers(operator: str, left: int, right: int) -> int:
    """A C operator on two numbers."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return truncated_quotient(left, right)
        case "%":
            return left - right * truncated_quotient(left, right)
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case "<=":
            return int(left <= right)
        case ">":
            return int(left > right)
        case _:
            return int(left >= right)
