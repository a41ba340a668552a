"""The two-argument operators of the language as operators of the transition system."""

from __future__ import annotations

from typing import Final

from oomcheck.ir.expr import Expr, binary, eq, not_
from oomcheck.ir.ops import Op

OPERATORS: Final = {"+": Op.ADD, "-": Op.SUB, "*": Op.MUL, "/": Op.DIV, "%": Op.MOD}


def combine(operator: str, left: Expr, right: Expr) -> Expr:
    """A two-argument operator on values."""
    match operator:
        case "==":
            return eq(left, right)
        case "!=":
            return not_(eq(left, right))
        case "<":
            return binary(Op.LT, left, right)
        case "<=":
            return binary(Op.LE, left, right)
        case ">":
            return binary(Op.LT, right, left)
        case ">=":
            return binary(Op.LE, right, left)
        case _:
            return binary(OPERATORS[operator], left, right)
