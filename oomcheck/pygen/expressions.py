"""Expressions as Python source text.

The text is made of integers, slot numbers, our own operators and names of our
own: no name, string or comment of a model ever enters it. So nothing that a
model says can become code, and nothing needs to be escaped. `load` runs it
without builtins, as a second fence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import width

MAX_NESTING = 40  # Python's parser takes 200 nested parentheses; a level here opens up to four

#: Division as in C99; everything else is an operator of Python.
PRELUDE = """\
def quotient(a, b):
 if b == 0: return 0
 q = (a if a >= 0 else -a) // (b if b > 0 else -b)
 return q if (a < 0) == (b < 0) else -q
def remainder(a, b):
 return a - b * quotient(a, b) if b else 0
"""

#: Tests a state; any true value means yes.
Condition = Callable[[tuple[int, ...]], object]

_COMPARISON = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<="}
_ARITHMETIC = {Op.ADD: "+", Op.SUB: "-", Op.MUL: "*"}
_CALL = {Op.DIV: "quotient", Op.MOD: "remainder"}


class Emitter:
    """Writes expressions over a state `s`; parts that nest too deep become functions in `helpers`."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        self._slots = slots
        self._names = 0
        self.helpers: list[str] = []

    def fresh(self) -> str:
        """A name that was not used before."""
        self._names += 1
        return f"_{self._names}"

    def condition(self, expr: Expr, depth: int = 0) -> str:
        """Text that is true in Python exactly if `expr` is not 0."""
        if depth == MAX_NESTING:
            return self._outline(expr)
        below = depth + 1
        match expr:
            case Apply(op=Op.NOT, args=(arg,)):
                return f"(not {self.condition(arg, below)})"
            case Apply(op=Op.AND, args=args):
                return "(" + " and ".join(self.condition(arg, below) for arg in args) + ")"
            case Apply(op=Op.OR, args=args):
                return "(" + " or ".join(self.condition(arg, below) for arg in args) + ")"
            case Apply(op=Op.ITE, args=(test, then, other)):
                parts = self.condition(then, below), self.condition(test, below), self.condition(other, below)
                return "({} if {} else {})".format(*parts)
            case Apply(op=Op.EQ | Op.NE | Op.LT | Op.LE as op, args=(left, right)):
                return f"({self.value(left, below)} {_COMPARISON[op]} {self.value(right, below)})"
            case _:
                return self.value(expr, depth)

    def value(self, expr: Expr, depth: int = 0) -> str:
        """Text with the value of `expr`, an int (never a bool: states are compared and shown)."""
        if depth == MAX_NESTING:
            return self._outline(expr)
        below = depth + 1
        match expr:
            case Lit(value=value):
                return f"({value})" if value < 0 else str(value)
            case Var(name=name):
                return f"s[{self._slots[name]}]"
            case Index(array=array, index=index):
                return self._element(self._slots[array.name], width(array.sort), index, below)
            case Apply(op=Op.NEG, args=(arg,)):
                return f"(-{self.value(arg, below)})"
            case Apply(op=Op.ADD | Op.SUB | Op.MUL as op, args=(left, right)):
                return f"({self.value(left, below)} {_ARITHMETIC[op]} {self.value(right, below)})"
            case Apply(op=Op.DIV | Op.MOD as op, args=(left, right)):
                return f"{_CALL[op]}({self.value(left, below)}, {self.value(right, below)})"
            case Apply(op=Op.ITE, args=(test, then, other)):
                parts = self.value(then, below), self.condition(test, below), self.value(other, below)
                return "({} if {} else {})".format(*parts)
            case Apply():
                return f"(1 if {self.condition(expr, below)} else 0)"
            case Quantified():
                raise AssertionError("searches see no quantifiers")

    def _element(self, base: int, size: int, index: Expr, depth: int) -> str:
        if isinstance(index, Lit):
            return f"s[{base + index.value}]" if 0 <= index.value < size else "0"
        name = self.fresh()
        # The condition of a conditional expression runs first, so it can name the index.
        return f"(s[{base} + {name}] if 0 <= ({name} := {self.value(index, depth)}) < {size} else 0)"

    def _outline(self, expr: Expr) -> str:
        name = self.fresh()
        self.helpers.append(f"def {name}(s): return {self.value(expr)}\n")
        return f"{name}(s)"


def load(source: str) -> dict[str, Callable[..., object]]:
    """Functions that generated source defines, by name."""
    namespace: dict[str, object] = {"__builtins__": {}}
    exec(compile(PRELUDE + source, "<generated>", "exec"), namespace)
    return cast("dict[str, Callable[..., object]]", namespace)


def compile_conditions(exprs: Sequence[Expr], slots: Mapping[str, int]) -> list[Condition]:
    """A function of the state for each condition."""
    emitter = Emitter(slots)
    text = [f"def c{number}(s): return {emitter.condition(expr)}\n" for number, expr in enumerate(exprs)]
    functions = load("".join(emitter.helpers + text))
    return [functions[f"c{number}"] for number in range(len(exprs))]
