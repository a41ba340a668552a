"""Expressions as C text over a packed state `s`.

The text is made of integers, our own operators and names of our own: no name, string or comment of a model ever enters
it, so nothing needs to be escaped. Every value is an int64_t; what could leave its range is refused, so the C below has
no overflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var, and_, or_
from oomcheck.ir.interval import interval
from oomcheck.ir.ops import Op
from oomcheck.native.layout import WIDEST, WORD, Block, Field, Layout, TooWideError

MAX_NESTING = 60  # clang takes 256 nested brackets; a level here opens up to two

PRELUDE = """\
static inline int64_t quotient(int64_t a, int64_t b)
{
	return b ? a / b : 0;
}

static inline int64_t remainder_of(int64_t a, int64_t b)
{
	return b ? a % b : 0;
}
"""

_INFIX = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.ADD: "+", Op.SUB: "-", Op.MUL: "*"}
_CALL = {Op.DIV: "quotient", Op.MOD: "remainder_of"}
_GROWS = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.NEG})


def number(value: int) -> str:
    """A literal of type int64_t."""
    return f"(-INT64_C({-value}))" if value < 0 else str(value) if value < 2**31 else f"INT64_C({value})"


def word(value: int) -> str:
    """A literal of type uint64_t."""
    return f"UINT64_C({value:#x})"


class Writer:
    """Writes expressions; parts that nest too deep become functions in `helpers`."""

    def __init__(self, slots: Mapping[str, int], layout: Layout) -> None:
        self._slots = slots
        self._layout = layout
        self._arrays = {name: position for position, name in enumerate(sorted(layout.blocks))}
        self._names = 0
        self.helpers: list[str] = []

    def field(self, slot: int) -> Field:
        """Where a slot lies."""
        return self._layout.fields[slot]

    def slot(self, name: str) -> int:
        """First slot of a variable."""
        return self._slots[name]

    def block(self, name: str) -> Block | None:
        """Where an array lies that has computed indices."""
        return self._layout.blocks.get(name)

    def array(self, name: str) -> int:
        """The number of an array with computed indices: `get_N` reads it, `put_N` writes it."""
        return self._arrays[name]

    def value(self, expr: Expr, depth: int = 0) -> str:
        """Text with the value of `expr`; it has no side effect. Raises TooWideError."""
        if depth == MAX_NESTING:
            return self._outline(expr)
        below = depth + 1
        match expr:
            case Lit(value=value):
                return number(value)
            case Var(name=name):
                return self.read(self._slots[name])
            case Index(array=array, index=Lit(value=position)):
                size = array.sort.size  # type: ignore[union-attr]  # an index is of an array
                return self.read(self._slots[array.name] + position) if 0 <= position < size else "0"
            case Index(array=array, index=index):
                return f"get_{self.array(array.name)}(s, {self.value(index, below)})"
            case Apply(op=Op.NOT, args=(arg,)):
                return f"!{self.value(arg, below)}"
            case Apply(op=Op.AND, args=args):
                return "(" + " && ".join(self.value(arg, below) for arg in args) + ")"
            case Apply(op=Op.OR, args=args):
                return "(" + " || ".join(self.value(arg, below) for arg in _factored(args)) + ")"
            case Apply(op=Op.ITE, args=args):
                return "({} ? {} : {})".format(*(self.value(arg, below) for arg in args))
            case Apply(op=op, args=args):
                return self._arithmetic(op, expr, [self.value(arg, below) for arg in args])
            case Quantified():
                raise AssertionError("searches see no quantifiers")

    def _arithmetic(self, op: Op, expr: Expr, args: list[str]) -> str:
        if op in _GROWS:
            low, high = interval(expr)
            if max(abs(low), abs(high)) >> WIDEST:
                raise TooWideError(f"an expression has values from {low} to {high}")
        if op is Op.NEG:
            return f"(-{args[0]})"
        if op in _CALL:
            return f"{_CALL[op]}({args[0]}, {args[1]})"
        return f"({args[0]} {_INFIX[op]} {args[1]})"

    def read(self, slot: int) -> str:
        """The value of a slot."""
        field = self.field(slot)
        if not field.width:
            return number(field.low)
        return _from_field(raw(field), field.low)

    def _outline(self, expr: Expr) -> str:
        self._names += 1
        name = f"part_{self._names}"
        text = f"static int64_t {name}(const uint64_t *s)\n{{\n\treturn {self.value(expr)};\n}}\n"
        self.helpers.append(text)
        return f"{name}(s)"

    def accessors(self) -> str:
        """Functions for arrays with computed indices; outside of the array they read 0 and write nothing."""
        return "".join(_accessors(self._arrays[name], block) for name, block in sorted(self._layout.blocks.items()))


def _factored(args: Sequence[Expr]) -> Iterator[Expr]:
    """Parts of a disjunction; neighbours that begin with the same condition, as those at one location do, share it."""
    for first, group in groupby(args, lambda arg: _conjuncts(arg)[0]):
        some = list(group)
        if len(some) == 1:
            yield some[0]
        else:
            yield and_(first, or_(*(and_(*_conjuncts(arg)[1:]) for arg in some)))


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.args if isinstance(expr, Apply) and expr.op is Op.AND else (expr,)


def raw(field: Field) -> str:
    """The bits of a field, a uint64_t."""
    shifted = f"s[{field.word}]" if not field.shift else f"s[{field.word}] >> {field.shift}"
    return f"({shifted})" if field.shift + field.width == WORD else f"({shifted} & {word(field.mask)})"


def _from_field(bits: str, low: int) -> str:
    return f"(int64_t){bits}" if not low else f"((int64_t){bits} + {number(low)})"


def into_field(field: Field, value: str) -> str:
    """The bits of a value in the place of its field."""
    stored = f"({value})" if not field.low else f"({value} - {number(field.low)})"
    return f"((uint64_t){stored} & {word(field.mask)}) << {field.shift}"


def _accessors(name: int, block: Block) -> str:
    first = block.first
    if not first.width:
        value = f"(uint64_t)i < {block.size} ? {number(first.low)} : 0"
        read = (
            f"static inline int64_t get_{name}(const uint64_t *s, int64_t i)\n{{\n\t(void)s;\n\treturn {value};\n}}\n"
        )
        put = (
            f"static inline void put_{name}(uint64_t *n, int64_t i, int64_t v)\n{{\n\t(void)n, (void)i, (void)v;\n}}\n"
        )
        return read + put
    one = block.per_word >= block.size
    at = str(first.word) if one else f"{first.word} + i / {block.per_word}"
    position = "i" if one else f"i % {block.per_word}"
    shift = f"({first.shift} + {position} * {first.width})"
    value = _from_field(f"(s[{at}] >> {shift} & {word(first.mask)})", first.low)
    stored = "v" if not first.low else f"v - {number(first.low)}"
    return f"""\
static inline int64_t get_{name}(const uint64_t *s, int64_t i)
{{
	return (uint64_t)i < {block.size} ? {value} : 0;
}}

static inline void put_{name}(uint64_t *n, int64_t i, int64_t v)
{{
	if ((uint64_t)i < {block.size})
		n[{at}] = (n[{at}] & ~({word(first.mask)} << {shift})) | ((uint64_t)({stored}) & {word(first.mask)}) << {shift};
}}

"""
