"""Values that are known before a model runs: sizes, ranges, first values."""

from __future__ import annotations

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import truncated_quotient
from oomcheck.lang import model as m
from oomcheck.lang.types import DEADLINE, Extent, Size

MAX_NUMBER = 10**18
MAX_RANGE = 4096
OUTERMOST = "only the first size of an array outside of structs, threads and processes can be open"


def constant_value(value: m.TExpr) -> int:
    """The number that a typed expression is, without running anything; E0216 if it depends on state."""
    match value:
        case m.Const(value=number):
            return number
        case m.Parameter(extent=extent, span=span):
            raise needs_number(extent, span)
        case m.Operate(operator=operator, args=args) if value.type != DEADLINE:
            number = _operate(operator, args)
            if abs(number) > MAX_NUMBER:
                raise error("E0301", "the number has more than 18 digits", value.span)
            return number
        case m.Reference(base=base, indices=indices):
            return base + 1 + sum(_index(position, size) for position, size in indices)
        case _:
            raise error("E0216", "this is not known before the model runs", value.span, "use constants and parameters")


def needs_number(
    extent: Extent,
    span: Span,
    why: str = "a proof for every value allows it as the size of an array, as a bound of a loop or quantifier, "
    "and in comparisons and sums",
) -> OomcheckError:
    """E0308 for a parameter without a value, where a number is needed."""
    hint = f"fix it: -c {extent.name}={max(extent.low, 4)}"
    return error("E0308", f"`{extent.name}` has no value here: {why}", span, hint)


def _index(position: m.TExpr, size: Size) -> int:
    number = constant_value(position)
    if isinstance(size, Extent):
        if not 0 <= number < size.low:
            raise needs_number(size, position.span, f"some of its values have no element {number}")
        return number
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


def listed(low: int, high: int, span: Span) -> tuple[int, ...]:
    """The numbers of a range; E0303 if they are too many."""
    if high - low > MAX_RANGE:
        raise error("E0303", f"the range {low} .. {high} is too large", span)
    return tuple(range(low, high + 1))


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
