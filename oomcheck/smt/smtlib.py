"""Expressions as SMT-LIB text, for any solver: truth values are Bool, every other value is Int without bounds.

What `terms` says to Z3 is said here a second time and without Z3, so that a certificate also checks the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Quantifier, Var
from oomcheck.ir.ops import BOOLEAN_ARGUMENTS, Op
from oomcheck.ir.sorts import ArraySort, BoolSort, Scalar, scalar_of
from oomcheck.ir.system import StateVar
from oomcheck.records import dataclass

MAX_INLINE: Final = 160  # characters of a term; a longer one gets a name, so that no text grows beyond measure
PLAIN: Final = {Op.LT: "<", Op.LE: "<=", Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.NEG: "-"}


@dataclass(frozen=True, slots=True)
class Text:
    """A term: what is written, whether its sort is Bool, and whether a quantifier around it binds a variable in it."""

    text: str
    truth: bool
    open: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A quantified condition without a variable bound around it, its name, and what variables around stand for."""

    expr: Quantified
    name: str
    around: tuple[tuple[str, Text], ...] = ()

    def acts(self, sign: bool) -> Quantifier:
        """What it is for a solver where it is asserted (`sign`) or denied."""
        other = Quantifier.EXISTS if self.expr.kind is Quantifier.FORALL else Quantifier.FORALL
        return self.expr.kind if sign else other


def quoted(name: str) -> str:
    """A symbol of any name."""
    assert "|" not in name
    assert "\\" not in name
    return f"|{name}|"


def comment(text: str) -> str:
    """A line that solvers skip."""
    return f"; {plain(text)}"


def plain(text: str) -> str:
    """Text on one line and in ASCII."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()


def as_string(text: str) -> str:
    """A string literal."""
    return '"' + plain(text).replace('"', '""') + '"'


def integer(value: int) -> str:
    """A number."""
    return str(value) if value >= 0 else f"(- {-value})"


def literal(value: int, sort: Scalar) -> Text:
    """A value of a sort."""
    return Text("true" if value else "false", True) if isinstance(sort, BoolSort) else Text(integer(value), False)


def junction(word: str, parts: Iterable[str]) -> str:
    """`and` or `or` of any number of conditions."""
    found = list(parts)
    if not found:
        return "true" if word == "and" else "false"
    return found[0] if len(found) == 1 else f"({word} {' '.join(found)})"


def truth(term: Text) -> str:
    """A term as a truth value: a number is true unless it is 0."""
    return term.text if term.truth else f"(distinct {term.text} 0)"


def number(term: Text) -> str:
    """A term as a number: true is 1, false is 0."""
    return f"(ite {term.text} 1 0)" if term.truth else term.text


def fitted(term: Text, sort: Scalar) -> str:
    """A term as a value of a sort."""
    return truth(term) if isinstance(sort, BoolSort) else number(term)


def is_array(variable: StateVar) -> bool:
    """Whether a variable has a size that is a parameter, and is an array for solvers too."""
    return isinstance(variable.sort, ArraySort) and bool(variable.sort.extent)


def sort_text(variable: StateVar) -> str:
    """The sort of a slot of a variable, or of the whole if its size is a parameter."""
    cell = "Bool" if isinstance(scalar_of(variable.sort), BoolSort) else "Int"
    return f"(Array Int {cell})" if is_array(variable) else cell


def slot_names(variable: StateVar, mark: str = "") -> tuple[str, ...]:
    """The names of the slots of a variable, quoted; of an array with an extent there is one."""
    if is_array(variable) or not isinstance(variable.sort, ArraySort):
        return (quoted(f"{variable.name}{mark}"),)
    return tuple(quoted(f"{variable.name}[{i}]{mark}") for i in range(variable.sort.size))


class Writer:
    """Expressions over given texts of the slots; a closed term that is long is defined once and called by its name."""

    def __init__(self, variables: Iterable[StateVar], cells: Mapping[str, tuple[str, ...]], prefix: str = "=") -> None:
        self._truth = {v.name: isinstance(scalar_of(v.sort), BoolSort) for v in variables}
        self.cells = cells
        self.prefix = prefix
        self._bound: dict[str, Text] = {}
        self._known: dict[int, tuple[Expr, Text]] = {}
        self._names: dict[str, str] = {}
        self.definitions: list[str] = []
        self.positions: dict[str, None] = {}  # closed indices into arrays with an extent, in order
        self.quantified: list[Closed] = []
        self.signs: dict[int, set[bool]] = {}  # of quantified conditions, by identity: asserted, denied or both

    def copy(self, prefix: str) -> Writer:
        """A writer of the same expressions, with definitions of its own."""
        found = Writer((), self.cells, prefix)
        found._truth, found.signs = self._truth, self.signs
        return found

    # ------------------------------------------------------------ entry points

    def asserted(self, expr: Expr) -> str:
        """`expr` where it is said to hold."""
        self._sign(expr, True)
        return self.truth(expr)

    def denied(self, expr: Expr) -> str:
        """`expr` where it is said not to hold; without the `not`."""
        self._sign(expr, False)
        return self.truth(expr)

    def _sign(self, whole: Expr, sign: bool) -> None:
        """Note how the quantified conditions in a condition are meant."""
        stack, seen = [(whole, sign)], set()
        while stack:
            expr, here = stack.pop()
            if (id(expr), here) in seen:
                continue
            seen.add((id(expr), here))
            match expr:
                case Apply(op=Op.NOT, args=(arg,)):
                    stack.append((arg, not here))
                case Apply(op=Op.AND | Op.OR, args=args):
                    stack.extend((arg, here) for arg in args)
                case Apply(args=args):
                    stack.extend((arg, way) for arg in args for way in (True, False))
                case Quantified(body=body):
                    self.signs.setdefault(id(expr), set()).add(here)
                    stack.append((body, here))
                case _:
                    pass

    def acts(self, closed: Closed) -> set[Quantifier]:
        """What a quantified condition is for a solver: a choice, a fact about all values, or both."""
        return {closed.acts(sign) for sign in self.signs.get(id(closed.expr), (True, False))}

    def truth(self, expr: Expr) -> str:
        """Whether `expr` holds."""
        return truth(self.term(expr))

    def number(self, expr: Expr) -> str:
        """The value of `expr` as a number."""
        return number(self.term(expr))

    def instance(self, closed: Closed, value: str) -> str:
        """What a quantified condition says of one value: its body, with the range as the quantifier has it."""
        expr = closed.expr
        self._bound = dict(closed.around)
        low, high = self.number(expr.low), self.number(expr.high)
        self._bound[expr.variable.name] = Text(value, False)
        body = self.truth(expr.body)
        self._bound = {}
        return ranged(expr.kind, low, value, high, body)

    def term(self, expr: Expr) -> Text:
        """The value of `expr`."""
        if self._bound:
            return self._named(self._term(expr))
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = (expr, self._named(self._term(expr)))
        return known[1]

    def named(self, text: str, sort: str) -> str:
        """A name for a closed term."""
        if text not in self._names:
            name = quoted(f"{self.prefix}{len(self._names) + 1}")
            self._names[text] = name
            self.definitions.append(f"(define-fun {name} () {sort} {text})")
        return self._names[text]

    def _named(self, term: Text) -> Text:
        if term.open or len(term.text) <= MAX_INLINE:
            return term
        return Text(self.named(term.text, "Bool" if term.truth else "Int"), term.truth)

    # ------------------------------------------------------------ forms

    def _term(self, expr: Expr) -> Text:
        match expr:
            case Lit(value=value, sort=sort):
                return literal(value, sort)
            case Var(name=name):
                return self._bound[name] if name in self._bound else Text(self.cells[name][0], self._truth[name])
            case Index(array=array, index=position):
                return self._element(array, self.term(position))
            case Apply(op=op, args=args):
                return apply(op, [self.term(arg) for arg in args])
            case Quantified():
                return self._quantified(expr)

    def _element(self, array: Var, position: Text) -> Text:
        """An element; 0 outside of the array."""
        assert isinstance(array.sort, ArraySort)
        cells, is_truth = self.cells[array.name], self._truth[array.name]
        outside = "false" if is_truth else "0"
        where = number(position)
        if array.sort.extent:
            if not position.open:
                self.positions[where] = None
            text = f"(ite {self.inside(array, where)} (select {cells[0]} {where}) {outside})"
            return Text(text, is_truth, position.open)
        if where.isdigit():
            return Text(cells[int(where)] if int(where) < len(cells) else outside, is_truth)
        if not position.open and len(where) > MAX_INLINE // 4:
            where = self.named(where, "Int")
        text = outside
        for slot, cell in reversed(list(enumerate(cells))):
            text = f"(ite (= {where} {slot}) {cell} {text})"
        return Text(text, is_truth, position.open)

    def inside(self, array: Var, position: str) -> str:
        """Whether an index lies in an array with an extent."""
        assert isinstance(array.sort, ArraySort)
        units, size = self.cells[array.sort.extent][0], array.sort.size
        return f"(and (<= 0 {position}) (< {position} {units if size == 1 else f'(* {size} {units})'}))"

    def _quantified(self, expr: Quantified) -> Text:
        around = tuple(self._bound.items())
        variable = quoted(expr.variable.name)
        low, high = self.number(expr.low), self.number(expr.high)
        self._bound[expr.variable.name] = Text(variable, False, True)
        body = self.truth(expr.body)
        del self._bound[expr.variable.name]
        text = f"({expr.kind.value} (({variable} Int)) {ranged(expr.kind, low, variable, high, body)})"
        if any(outer.open for _, outer in around):
            return Text(text, True, True)
        known = text in self._names
        name = self.named(text, "Bool")
        if not known:
            self.quantified.append(Closed(expr, name, around))
        return Text(name, True)


def ranged(kind: Quantifier, low: str, value: str, high: str, body: str) -> str:
    """What a quantifier says of one value."""
    inside = f"(and (<= {low} {value}) (<= {value} {high}))"
    return f"(=> {inside} {body})" if kind is Quantifier.FORALL else f"(and {inside} {body})"


def apply(op: Op, args: list[Text]) -> Text:
    """An operator on terms."""
    free = any(arg.open for arg in args)
    if op in BOOLEAN_ARGUMENTS:
        conditions = [truth(arg) for arg in args]
        return Text(f"(not {conditions[0]})" if op is Op.NOT else junction(op.name.lower(), conditions), True, free)
    match op:
        case Op.EQ | Op.NE:
            both = all(arg.truth for arg in args)
            sides = " ".join(arg.text if both else number(arg) for arg in args)
            return Text(f"({'=' if op is Op.EQ else 'distinct'} {sides})", True, free)
        case Op.ITE:
            both = all(arg.truth for arg in args[1:])
            branches = " ".join(arg.text if both else number(arg) for arg in args[1:])
            return Text(f"(ite {truth(args[0])} {branches})", both, free)
        case Op.DIV | Op.MOD:
            return Text(_rounded(op, number(args[0]), number(args[1])), False, free)
        case _:
            return Text(f"({PLAIN[op]} {' '.join(map(number, args))})", op in (Op.LT, Op.LE), free)


def _rounded(op: Op, left: str, right: str) -> str:
    """Quotient toward zero, remainder with the sign of the dividend, 0 for a zero divisor; SMT-LIB rounds otherwise."""
    if right == "0":
        return "0"
    word = "div" if op is Op.DIV else "mod"
    size = right if right.isdigit() else f"(ite (< 0 {right}) {right} (- {right}))"
    upper, lower = f"({word} {left} {size})", f"({word} (- {left}) {size})"
    if op is Op.MOD or right.isdigit():
        value = f"(ite (<= 0 {left}) {upper} (- {lower}))"
    else:
        quotient = f"(ite (<= 0 {left}) {upper} (- {lower}))"
        value = f"(ite (< 0 {right}) {quotient} (- {quotient}))"
    return value if right.isdigit() else f"(ite (= {right} 0) 0 {value})"
