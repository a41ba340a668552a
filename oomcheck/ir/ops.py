"""The closed list of operators, and the sort rule of each."""

from __future__ import annotations

from enum import Enum


class Op(Enum):
    """Operators of expressions; each reader of the IR owns one table keyed by them.

    AND, OR and ITE evaluate their arguments from left to right and stop early.
    DIV truncates toward zero and MOD has the sign of the dividend, as in C99;
    both are 0 for a zero divisor (lowering makes that a fault of its own).
    """

    NOT = "!"
    AND = "&&"
    OR = "||"
    ITE = "?:"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"
    MOD = "%"
    NEG = "neg"


ARITY: dict[Op, int | None] = {  # None: two or more
    Op.NOT: 1,
    Op.AND: None,
    Op.OR: None,
    Op.ITE: 3,
    Op.EQ: 2,
    Op.NE: 2,
    Op.LT: 2,
    Op.LE: 2,
    Op.ADD: 2,
    Op.SUB: 2,
    Op.MUL: 2,
    Op.DIV: 2,
    Op.MOD: 2,
    Op.NEG: 1,
}

BOOLEAN_ARGUMENTS = frozenset({Op.NOT, Op.AND, Op.OR})
BOOLEAN_RESULT = frozenset({Op.NOT, Op.AND, Op.OR, Op.EQ, Op.NE, Op.LT, Op.LE})
