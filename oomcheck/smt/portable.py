"""Expressions as JSON: a list of nodes, each once however many share it, with the nodes below before those above.

A node is `["lit", value, is_bool]`, `["var", NAME]`, `["bound", NAME]`, `["index", NAME, node]`, `[OP, node, ...]` with
the name of an `Op` in small letters, or `["forall" | "exists", NAME, low, high, body]`; a node is meant by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Quantified, Quantifier, Var
from oomcheck.ir.ops import ARITY, Op
from oomcheck.ir.sorts import ArraySort, BoolSort, IntSort
from oomcheck.ir.system import TransitionSystem

Node: TypeAlias = list[str | int | bool]
OPS: Final = {op.name.lower(): op for op in Op}
QUANTIFIERS: Final = {kind.value: kind for kind in Quantifier}
BOUND: Final = IntSort(-(2**31), 2**31 - 1)


class UnreadableError(Exception):
    """JSON that is no expression over the states of a system."""


def packed(exprs: Sequence[Expr]) -> dict[str, object]:
    """Expressions as JSON; the same for the same expressions, however they share their parts."""
    packer = _Packer()
    roots = [packer.add(expr, frozenset()) for expr in exprs]
    return {"nodes": packer.nodes, "roots": roots}


class _Packer:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._known: dict[tuple[int, frozenset[str]], tuple[Expr, int]] = {}

    def add(self, expr: Expr, bound: frozenset[str]) -> int:
        """The number of an expression."""
        key = id(expr), bound
        if key not in self._known:
            node = self._node(expr, bound)
            number = self._numbers.setdefault(tuple((type(part), part) for part in node), len(self.nodes))
            if number == len(self.nodes):
                self.nodes.append(node)
            self._known[key] = expr, number
        return self._known[key][1]

    def _node(self, expr: Expr, bound: frozenset[str]) -> Node:
        match expr:
            case Lit(value=value, sort=sort):
                return ["lit", value, isinstance(sort, BoolSort)]
            case Var(name=name):
                return ["bound" if name in bound else "var", name]
            case Index(array=array, index=position):
                return ["index", array.name, self.add(position, bound)]
            case Apply(op=op, args=args):
                return [op.name.lower(), *(self.add(arg, bound) for arg in args)]
            case Quantified(variable=variable, low=low, high=high):
                ends = self.add(low, bound), self.add(high, bound)
                body = self.add(expr.body, bound | {variable.name})
                return [expr.kind.value, variable.name, *ends, body]


def unpacked(data: object, system: TransitionSystem) -> tuple[Expr, ...]:
    """The expressions of `packed`, over the variables of `system`; raises UnreadableError for anything else."""
    if not isinstance(data, dict) or data.keys() != {"nodes", "roots"}:
        raise UnreadableError("the conjuncts are no object with nodes and roots")
    nodes, roots = data["nodes"], data["roots"]
    if not isinstance(nodes, list) or not isinstance(roots, list):
        raise UnreadableError("nodes and roots of the conjuncts are no lists")
    reader = _Unpacker(system)
    for node in nodes:
        reader.read(node)
    if any(reader.free[reader.number(root)] for root in roots):
        raise UnreadableError("a variable is used outside of its quantifier")
    return tuple(reader.made[reader.number(root)] for root in roots)


class _Unpacker:
    def __init__(self, system: TransitionSystem) -> None:
        self._variables = {v.name: v.var for v in system.variables}
        self.made: list[Expr] = []
        self.free: list[frozenset[str]] = []  # variables that a quantifier above must bind

    def number(self, value: object) -> int:
        """The number of a node that was read before."""
        if type(value) is not int or not 0 <= value < len(self.made):
            raise UnreadableError(f"{value!r} is no number of a node")
        return value

    def read(self, node: object) -> None:
        """The next node."""
        match node:
            case ["lit", int(value), bool(truth)] if type(value) is int:
                made: Expr = (TRUE if value else FALSE) if truth else Lit(value, IntSort(value, value))
                self._add(made, ())
            case ["var", str(name)]:
                self._add(self._variable(name, array=False), ())
            case ["bound", str(name)]:
                self._add(Var(name, BOUND), (), frozenset({name}))
            case ["index", str(name), position]:
                self._add(Index(self._variable(name, array=True), self.made[self.number(position)]), (position,))
            case [str(kind), str(name), low, high, body] if kind in QUANTIFIERS:
                self._quantified(QUANTIFIERS[kind], name, low, high, body)
            case [str(op), *below] if op in OPS and len(below) >= 1:
                arity = ARITY[OPS[op]]
                if len(below) != arity if arity is not None else len(below) < 2:
                    raise UnreadableError(f"{op} has {len(below)} arguments")
                self._add(Apply(OPS[op], tuple(self.made[self.number(n)] for n in below)), tuple(below))
            case _:
                raise UnreadableError(f"{node!r} is no expression")

    def _add(self, made: Expr, below: Sequence[object], free: frozenset[str] = frozenset()) -> None:
        self.made.append(made)
        self.free.append(free.union(*(self.free[self.number(n)] for n in below)))

    def _variable(self, name: str, array: bool) -> Var:
        found = self._variables.get(name)
        if found is None or isinstance(found.sort, ArraySort) != array:
            raise UnreadableError(f"the model has no {'array' if array else 'variable'} {name!r}")
        return found

    def _quantified(self, kind: Quantifier, name: str, low: object, high: object, body: object) -> None:
        parts = [self.number(part) for part in (low, high, body)]
        if name in self._variables:
            raise UnreadableError(f"{name!r} is bound by a quantifier and a variable of the model")
        ends = [self.made[part] for part in parts]
        self.made.append(Quantified(kind, Var(name, BOUND), ends[0], ends[1], ends[2]))
        self.free.append(self.free[parts[0]] | self.free[parts[1]] | (self.free[parts[2]] - {name}))
