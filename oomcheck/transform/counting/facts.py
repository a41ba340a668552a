"""What is known of all reachable states of a counted system without any search of it."""

from __future__ import annotations

from oomcheck.ir.expr import Expr, Lit, Var, and_, binary, eq, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort
from oomcheck.transform.counting.counted import RUNNING, Counted
from oomcheck.transform.counting.counters import number
from oomcheck.transform.counting.family import Local
from oomcheck.transform.counting.places import linear_invariants, nonnegative


def invariants(counted: Counted) -> list[Expr]:
    """Conditions on all reachable states of a counted system, for a prover; together they are inductive."""
    return [*nonnegative(counted.system), *linear_invariants(counted.system), *companions(counted)]


def companions(counted: Counted) -> list[Expr]:
    """For each local state, that a member is in it only while the globals are as they were found beside it.

    And before all start, that the globals are as at first.
    """
    slots = [position for position, slot in enumerate(counted.family.shared) if slot in counted.family.followed]
    all_globals = [found for globals_ in counted.together.values() for found in globals_]
    varying = [k for k in slots if len({found[k] for found in all_globals}) > 1]
    variables = [variable.var for variable in counted.system.variables[: len(counted.family.shared)]]

    def beside(local: Local) -> Expr:
        places = dict.fromkeys(tuple(found[k] for k in varying) for found in counted.together[local])
        return or_(*(and_(*map(_has, (variables[k] for k in varying), values)) for values in places))

    start = next(variable for variable in counted.system.variables if variable.name == counted.start)
    first = [_has(variables[k], counted.system.initial[k]) for k in varying]
    return [
        or_(_has(start.var, RUNNING), and_(*first)),
        *(or_(binary(Op.LE, counter, number(0)), beside(local)) for local, counter in counted.counters.items()),
    ]


def _has(variable: Var, value: int) -> Expr:
    assert not isinstance(variable.sort, ArraySort)
    return eq(variable, Lit(value, variable.sort))
