"""Negation normal form: formulas in a table where equal ones are one, simplified as they enter it.

A formula is a number. Negation stands at literals only, `&&` and `||` have any number of parts, and a junction of
conditions on one state is a single literal, so that what automata read stays small. The rewriting rules are those
of Somenzi and Bloem, Efficient Büchi automata from LTL formulae (2000), section 2, and of Etessami and Holzmann,
Optimizing Büchi automata (2000), section 3 (purely eventual and purely universal formulas). Each is written
once: the rules for `||` and `R` are those for `&&` and `U` under negation.
"""

from __future__ import annotations

from collections.abc import Iterable

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.ir.expr import Apply, Expr, Lit, and_, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.prop import formula as ltl
from oomcheck.prop.entails import entails
from oomcheck.records import dataclass

#: Formulas nested deeper, or with more different subformulas, are refused.
MAX_DEPTH = 60
MAX_NODES = 20_000

#: Junctions with more parts are not searched for parts that imply each other.
MAX_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom, by its number in the table, or its negation."""

    atom: int
    positive: bool


@dataclass(frozen=True, slots=True)
class All:
    """A conjunction; without parts it is true."""

    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """A disjunction; without parts it is false."""

    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Next:
    """`X arg`."""

    arg: int


@dataclass(frozen=True, slots=True)
class Until:
    """`left U right`."""

    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Release:
    """`left R right`."""

    left: int
    right: int


Node = Literal | All | Any | Next | Until | Release

BOTTOM = 0
TOP = 1


class Table:
    """Formulas by number; `BOTTOM` and `TOP` are always there."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.atoms: list[Expr] = []
        self._atom: dict[Expr, int] = {}
        self._number: dict[Node, int] = {}
        self._depth: list[int] = []
        self._negation: dict[int, int] = {}
        self._implied: dict[tuple[int, int], bool] = {}
        self._eventual: dict[int, bool] = {}
        self._untils: dict[tuple[int, int], int] = {}
        self._number_of(Any(()))
        self._number_of(All(()))

    def add(self, formula: ltl.Formula) -> int:
        """The number of a formula in normal form."""
        known: dict[int, int] = {}
        for part in ltl.subformulas(formula):
            known[id(part)] = self._add(part, [known[id(below)] for below in ltl.operands(part)])
        return known[id(formula)]

    def _add(self, formula: ltl.Formula, below: list[int]) -> int:
        match formula:
            case ltl.Atom(condition=condition):
                return self.condition(condition)
            case ltl.Not():
                return self.negation(below[0])
            case ltl.And():
                return self.all_of(below)
            case ltl.Or():
                return self.any_of(below)
            case ltl.Next():
                return self.next(below[0])
            case ltl.Until():
                return self.until(below[0], below[1])
            case ltl.Release():
                return self.release(below[0], below[1])

    def condition(self, expr: Expr) -> int:
        """A condition on one state, as a literal; an atom is never a negation."""
        match expr:
            case Lit(value=value):
                return TOP if value else BOTTOM
            case Apply(op=Op.NOT, args=(arg,)):
                return self.negation(self.condition(arg))
            case Apply(op=Op.NE, args=args):
                return self.negation(self.condition(Apply(Op.EQ, args)))
            case Apply(op=Op.LE, args=(left, right)):
                return self.negation(self.condition(Apply(Op.LT, (right, left))))
            case _:
                atom = self._atom.setdefault(expr, len(self.atoms))
                if atom == len(self.atoms):
                    self.atoms.append(expr)
                return self._number_of(Literal(atom, True))

    def expr(self, literal: Literal) -> Expr:
        """The condition that a literal stands for."""
        atom = self.atoms[literal.atom]
        return atom if literal.positive else not_(atom)

    def negation(self, number: int) -> int:
        """The dual formula."""
        if number not in self._negation:
            dual = self._number_of(self._dual(self.nodes[number]))
            self._negation[number], self._negation[dual] = dual, number
        return self._negation[number]

    def _dual(self, node: Node) -> Node:
        match node:
            case Literal(atom=atom, positive=positive):
                return Literal(atom, not positive)
            case All(parts=parts):
                return Any(tuple(map(self.negation, parts)))
            case Any(parts=parts):
                return All(tuple(map(self.negation, parts)))
            case Next(arg=arg):
                return Next(self.negation(arg))
            case Until(left=left, right=right):
                return Release(self.negation(left), self.negation(right))
            case Release(left=left, right=right):
                return Until(self.negation(left), self.negation(right))

    def any_of(self, parts: Iterable[int]) -> int:
        """`||` of all parts."""
        return self.negation(self.all_of([self.negation(part) for part in parts]))

    def release(self, left: int, right: int) -> int:
        """`left R right`."""
        return self.negation(self.until(self.negation(left), self.negation(right)))

    def eventually(self, arg: int) -> int:
        """`F arg`."""
        return self.until(TOP, arg)

    def always(self, arg: int) -> int:
        """`G arg`."""
        return self.release(BOTTOM, arg)

    def next(self, arg: int) -> int:
        """`X arg`; what holds now exactly if it holds next stays outside."""
        if arg in (TOP, BOTTOM) or (self.eventual(arg) and self.universal(arg)):
            return arg
        node = self.nodes[arg]
        if isinstance(node, All | Any):
            fixed = [part for part in node.parts if self.eventual(part) and self.universal(part)]
            if fixed:
                junction = self.all_of if isinstance(node, All) else self.any_of
                moving = junction(part for part in node.parts if part not in fixed)
                return junction([*fixed, self.next(moving)])
        return self._number_of(Next(arg))

    def until(self, left: int, right: int) -> int:
        """`left U right`."""
        key = (left, right)
        if key not in self._untils:
            self._untils[key] = self._until(left, right)
        return self._untils[key]

    def _until(self, left: int, right: int) -> int:
        if right in (TOP, BOTTOM) or self.implies(left, right) or self.eventual(right):
            return right
        if left != TOP and self.implies(self.negation(right), left):
            return self.until(TOP, right)
        at_left, at_right = self.nodes[left], self.nodes[right]
        if isinstance(at_right, Next) and (left == TOP or isinstance(at_left, Next)):
            return self.next(self.until(at_left.arg if isinstance(at_left, Next) else TOP, at_right.arg))
        if isinstance(at_right, Until):
            if self.implies(left, at_right.left):  # a U (c U d), a -> c
                return right
            if left == TOP:  # F (c U d)
                return self.until(TOP, at_right.right)
        if isinstance(at_left, Until) and at_left.right == right:  # (c U d) U d
            return left
        if isinstance(at_right, Any):
            now = [part for part in at_right.parts if self.eventual(part)]
            if now:
                later = self.any_of(part for part in at_right.parts if part not in now)
                return self.any_of([*now, self.until(left, later)])
        if isinstance(at_right, All):
            fixed = [part for part in at_right.parts if self.eventual(part) and self.universal(part)]
            if fixed:
                rest = self.all_of(part for part in at_right.parts if part not in fixed)
                return self.all_of([*fixed, self.until(left, rest)])
        return self._number_of(Until(left, right))

    def all_of(self, parts: Iterable[int]) -> int:
        """`&&` of all parts."""
        flat = self._flat(parts)
        while True:
            if BOTTOM in flat:
                return BOTTOM
            merged = self._flat(self._merged(self._joined(flat)))
            if merged == flat:
                break
            flat = merged
        if len(flat) <= MAX_COMPARED:
            if any(self.implies(a, self.negation(b)) for i, a in enumerate(flat) for b in flat[:i]):
                return BOTTOM
            flat = self._strongest(flat)
        return flat[0] if len(flat) == 1 else self._number_of(All(tuple(flat)))

    def _flat(self, parts: Iterable[int]) -> list[int]:
        """The parts of a conjunction, each once, by number; parts that are conjunctions taken apart."""
        flat: set[int] = set()
        for part in parts:
            node = self.nodes[part]
            flat.update(node.parts if isinstance(node, All) else (part,))
        return sorted(flat)

    def _joined(self, parts: list[int]) -> list[int]:
        """Literals joined to one. An `&&` of them and the `||` that is its negation have the same atom."""
        literals = [node for part in parts if isinstance(node := self.nodes[part], Literal)]
        if len(literals) < 2:
            return parts
        others = [part for part in parts if not isinstance(self.nodes[part], Literal)]
        exprs = self._without_implied([self.expr(literal) for literal in literals])
        if any(entails(a, not_(b)) for i, a in enumerate(exprs) for b in exprs[:i]):
            return [BOTTOM]
        if len(exprs) == 1:
            return [self.condition(exprs[0]), *others]
        if 2 * sum(literal.positive for literal in literals) >= len(literals):
            return [self.condition(and_(*exprs)), *others]
        return [self.negation(self.condition(or_(*map(not_, exprs)))), *others]

    @staticmethod
    def _without_implied(exprs: list[Expr]) -> list[Expr]:
        kept: list[Expr] = []
        for expr in exprs:
            if not any(entails(other, expr) for other in kept):
                kept = [other for other in kept if not entails(expr, other)] + [expr]
        return kept

    def _merged(self, parts: list[int]) -> list[int]:
        """Parts that are one operator with a common side made one: `G a && G b` becomes `G (a && b)`."""
        groups: dict[tuple[str, int], list[int]] = {}
        result: list[int] = []
        for part in parts:
            match self.nodes[part]:
                case Next(arg=arg):
                    groups.setdefault(("next", TOP), []).append(arg)
                case Release(left=left, right=right):
                    groups.setdefault(("release", left), []).append(right)
                case Until(left=left, right=right) if left != TOP:
                    groups.setdefault(("until", right), []).append(left)
                case Until(right=right) if (stable := self._always_arg(right)) is not None:
                    groups.setdefault(("stable", TOP), []).append(stable)
                case _:
                    result.append(part)
        for (kind, side), args in groups.items():
            whole = self.all_of(args) if len(args) > 1 else args[0]
            match kind:
                case "next":
                    result.append(self.next(whole))
                case "release":
                    result.append(self.release(side, whole))
                case "until":
                    result.append(self.until(whole, side))
                case _:
                    result.append(self.eventually(self.always(whole)))
        return result

    def _always_arg(self, number: int) -> int | None:
        """`a` of a formula `G a`."""
        node = self.nodes[number]
        return node.right if isinstance(node, Release) and node.left == BOTTOM else None

    def _strongest(self, parts: list[int]) -> list[int]:
        """Parts that no other part implies; of equivalent ones the first."""
        kept: list[int] = []
        for part in parts:
            if not any(self.implies(other, part) for other in kept):
                kept = [other for other in kept if not self.implies(part, other)] + [part]
        return kept

    def eventual(self, number: int) -> bool:
        """Whether the formula holds wherever it holds later: `F a` and what is built from such formulas."""
        if number not in self._eventual:
            self._eventual[number] = self._is_eventual(self.nodes[number])
        return self._eventual[number]

    def _is_eventual(self, node: Node) -> bool:
        match node:
            case Literal():
                return False
            case All(parts=parts) | Any(parts=parts):
                return all(map(self.eventual, parts))
            case Next(arg=arg):
                return self.eventual(arg)
            case Until(left=left, right=right):
                return left == TOP or self.eventual(right)
            case Release(left=left, right=right):
                return self.eventual(left) and self.eventual(right)

    def universal(self, number: int) -> bool:
        """Whether the formula holds for ever once it holds: the dual of `eventual`."""
        return self.eventual(self.negation(number))

    def implies(self, left: int, right: int) -> bool:
        """Whether the form of both shows that every run of `left` is one of `right`; False says nothing."""
        if left in (right, BOTTOM) or right == TOP:
            return True
        if left == TOP or right == BOTTOM:
            return False
        key = (left, right)
        if key not in self._implied:
            self._implied[key] = self._implies(self.nodes[left], self.nodes[right], left, right)
        return self._implied[key]

    def _implies(self, a: Node, b: Node, left: int, right: int) -> bool:
        if isinstance(a, Literal) and isinstance(b, Literal):
            return entails(self.expr(a), self.expr(b))
        if isinstance(a, Any):
            return all(self.implies(part, right) for part in a.parts)
        if isinstance(b, All):
            return all(self.implies(left, part) for part in b.parts)
        if isinstance(a, All) and any(self.implies(part, right) for part in a.parts):
            return True
        if isinstance(b, Any) and any(self.implies(left, part) for part in b.parts):
            return True
        return self._implies_temporal(a, b, left, right)

    def _implies_temporal(self, a: Node, b: Node, left: int, right: int) -> bool:
        match a, b:
            case Next(arg=arg), Next(arg=other) if self.implies(arg, other):
                return True
            case (Until(left=l, right=r), Until(left=m, right=s)) | (
                Release(left=l, right=r),
                Release(left=m, right=s),
            ):
                if self.implies(l, m) and self.implies(r, s):
                    return True
        match b:
            case Until(right=r) if self.implies(left, r):
                return True
            case Release(left=l, right=r) if self.implies(left, l) and self.implies(left, r):
                return True
        match a:
            case Until(left=l, right=r) if self.implies(l, right) and self.implies(r, right):
                return True
            case Release(right=r) if self.implies(r, right):
                return True
        # What always holds does so next; what holds next does so at some time.
        if isinstance(b, Next) and self.universal(left) and self.implies(left, b.arg):
            return True
        return isinstance(a, Next) and self.eventual(right) and self.implies(a.arg, right)

    def _number_of(self, node: Node) -> int:
        if node not in self._number:
            depth = 1 + max((self._depth[part] for part in operands(node)), default=0)
            if depth > MAX_DEPTH or len(self.nodes) >= MAX_NODES:
                raise too_large(f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else "too many subformulas")
            self._number[node] = len(self.nodes)
            self.nodes.append(node)
            self._depth.append(depth)
        return self._number[node]


def too_large(why: str) -> OomcheckError:
    """The error of a formula that has no automaton of a size to work with."""
    return error("E0505", f"the formula is too large: {why}", hint="check its parts as properties of their own")


def operands(node: Node) -> tuple[int, ...]:
    """What the outermost operator applies to."""
    match node:
        case Literal():
            return ()
        case All(parts=parts) | Any(parts=parts):
            return parts
        case Next(arg=arg):
            return (arg,)
        case Until(left=left, right=right) | Release(left=left, right=right):
            return (left, right)
