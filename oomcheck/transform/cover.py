"""Conditions made smaller: branches of a choice that leave nothing out are always true.

Guards come from branches, so a disjunction of them repeats each test with both outcomes. A decision diagram (Bryant,
Graph-based algorithms for Boolean function manipulation, 1986) with the comparisons as its variables, in the order in
which they are met, decides that and is often the smaller expression. Comparisons with different values count as
independent, so the result may be larger than it must be, but never means anything else.
"""

from __future__ import annotations

from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Lit, and_, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.walk import subexpressions

MAX_NODES = 2_000  # of a diagram; a condition that needs more stays as it is

_NO, _YES = 0, 1  # the two diagrams without a test


class _TooLargeError(Exception):
    """The diagram is not worth it."""


def simplified(condition: Expr) -> Expr:
    """An expression with the same truth in every state, and not larger."""
    if isinstance(condition, Lit):
        return condition
    diagram = _Diagram()
    try:
        root = diagram.of(condition)
        size = _size(condition)
        found = diagram.expression(root, size)
    except _TooLargeError:
        return condition
    return found if _size(found) < size else condition


def _size(expr: Expr) -> int:
    return sum(1 for _ in subexpressions(expr))


class _Diagram:
    """Ordered decision diagrams over the tests of one condition, numbered so that equal ones are the same."""

    def __init__(self) -> None:
        self._tests: list[Expr] = []
        self._position: dict[Expr, int] = {}
        self._nodes: list[tuple[int, int, int]] = [(-1, _NO, _NO), (-1, _YES, _YES)]  # test, if false, if true
        self._number: dict[tuple[int, int, int], int] = {}
        self._cache: dict[tuple[int, int, int], int] = {}

    def of(self, condition: Expr) -> int:
        """The diagram of a condition."""
        match condition:
            case Lit(value=value):
                return _YES if value else _NO
            case Apply(op=Op.NOT, args=(arg,)):
                return self._ite(self.of(arg), _NO, _YES)
            case Apply(op=Op.AND, args=args):
                result = _YES
                for part in reversed([self.of(arg) for arg in args]):
                    result = self._ite(part, result, _NO)
                return result
            case Apply(op=Op.OR, args=args):
                result = _NO
                for part in reversed([self.of(arg) for arg in args]):
                    result = self._ite(part, _YES, result)
                return result
            case Apply(op=Op.ITE, args=(test, then, other)):
                return self._ite(self.of(test), self.of(then), self.of(other))
            case Apply(op=Op.NE, args=args):
                return self._test(Apply(Op.EQ, args), _YES, _NO)
            case Apply(op=Op.LE, args=(left, right)):
                return self._test(Apply(Op.LT, (right, left)), _YES, _NO)
            case _:
                return self._test(condition, _NO, _YES)

    def _test(self, test: Expr, no: int, yes: int) -> int:
        position = self._position.setdefault(test, len(self._tests))
        if position == len(self._tests):
            self._tests.append(test)
        return self._node(position, no, yes)

    def _node(self, test: int, no: int, yes: int) -> int:
        if no == yes:
            return no
        key = (test, no, yes)
        number = self._number.setdefault(key, len(self._nodes))
        if number == len(self._nodes):
            if number >= MAX_NODES:
                raise _TooLargeError
            self._nodes.append(key)
        return number

    def _ite(self, test: int, yes: int, no: int) -> int:
        if test <= _YES:
            return yes if test else no
        if yes == no:
            return yes
        if (yes, no) == (_YES, _NO):
            return test
        key = (test, yes, no)
        if key not in self._cache:
            if len(self._cache) > 10 * MAX_NODES:
                raise _TooLargeError
            top = min(self._nodes[part][0] for part in key if part > _YES)
            low = self._ite(*(self._branch(part, top, 1) for part in key))
            high = self._ite(*(self._branch(part, top, 2) for part in key))
            self._cache[key] = self._node(top, low, high)
        return self._cache[key]

    def _branch(self, node: int, test: int, side: int) -> int:
        found = self._nodes[node]
        return found[side] if found[0] == test else node

    def expression(self, root: int, most: int) -> Expr:
        """A diagram as nested tests, in at most about `most` nodes."""
        left = [most]

        def build(node: int) -> Expr:
            if node <= _YES:
                return TRUE if node else FALSE
            left[0] -= 1
            if left[0] < 0:
                raise _TooLargeError
            test, no, yes = self._nodes[node]
            condition = self._tests[test]
            if yes == _YES:
                return or_(condition, build(no))
            if no == _YES:
                return or_(not_(condition), build(yes))
            if yes == _NO:
                return and_(not_(condition), build(no))
            if no == _NO:
                return and_(condition, build(yes))
            return ite(condition, build(yes), build(no))

        return build(root)
