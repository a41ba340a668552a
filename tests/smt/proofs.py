"""Proofs about small systems, found by hand."""

from __future__ import annotations

from pathlib import Path

from oomcheck.ir.expr import TRUE, Expr, Index, Lit, Var, add, and_, binary, eq, exists, forall, implies, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.smt.certificate import About, Report, write_certificate
from oomcheck.smt.checkers import Answer
from oomcheck.smt.outcome import Proof, Question
from tests import toys

INT = IntSort(0, 2**31 - 1)
ZERO, ONE = Lit(0, INT), Lit(1, INT)


def turns() -> TransitionSystem:
    """Two threads take a lock, each marks its room, which is an element of an array, and leaves again."""
    tasks = EnumSort("task *", ("none", "a", "b"))
    owner = Var("lock.owner", tasks)
    room = Var("room", ArraySort(BOOL, 2))
    steps = []
    for who in (0, 1):
        mine = Index(room, Lit(who, INT))
        free, me = Lit(0, tasks), Lit(who + 1, tasks)
        steps += [
            toys.step(who, 0, 1, eq(owner, free), [(owner, me)]),
            toys.step(who, 1, 2, TRUE, [(mine, TRUE)]),
            toys.step(who, 2, 0, TRUE, [(mine, Lit(0, BOOL)), (owner, free)]),
        ]
    variables = [toys.variable(owner.name, owner.sort, role=Role.OBJECT), toys.variable("room", room.sort)]
    return toys.system("turns", variables, [toys.process("a", 3), toys.process("b", 3)], steps)


def turns_proof() -> tuple[Question, Proof]:
    """Both rooms are never marked at once, since only the owner marks its own."""
    system = turns()
    owner, room = system.variables[-2].var, system.variables[-1].var
    assert owner.name == "lock.owner"
    assert isinstance(owner.sort, EnumSort)
    mine: list[Expr] = []
    for who in (0, 1):
        owns = eq(owner, Lit(who + 1, owner.sort))
        mine += [
            implies(Index(room, Lit(who, INT)), system.at(who, 2)),
            implies(or_(system.at(who, 1), system.at(who, 2)), owns),
        ]
    places = [or_(*(system.at(who, place) for place in range(3))) for who in (0, 1)]
    bad = and_(Index(room, ZERO), Index(room, ONE))
    return Question(system, bad), Proof((*mine, *places))


def walk() -> TransitionSystem:
    """A thread marks all N places of an array, for any N."""
    many = Var("N", IntSort(1, 2**31 - 1))
    marked, here = Var("marked", ArraySort(BOOL, 1, "N")), Var("here", INT)
    variables = [
        StateVar("N", many.sort, (1,), Role.PARAM, ("N",)),
        StateVar("marked", marked.sort, (0,), Role.SHARED, ("marked[#]",)),
        StateVar("here", here.sort, (0,), Role.SHARED, ("here",)),
    ]
    inside = binary(Op.LT, here, many)
    steps = [
        toys.step(0, 0, 0, inside, [(Index(marked, here), TRUE), (here, add(here, ONE))]),
        toys.step(0, 0, 1, not_(inside)),
    ]
    return toys.system("walk", variables, [toys.process("walker", 2, 1)], steps)


def walk_proof(k: int = 1) -> tuple[Question, Proof]:
    """No place is left out at the end, as all before the walker are marked."""
    system = walk()
    many, marked, here = Var("N", IntSort(1, 2**31 - 1)), Var("marked", ArraySort(BOOL, 1, "N")), Var("here", INT)
    place = Var("?place", INT)
    last = binary(Op.SUB, many, ONE)
    bad = and_(system.at(0, 1), exists(place, ZERO, last, not_(Index(marked, place))))
    conjuncts = (
        forall(place, ZERO, binary(Op.SUB, here, ONE), Index(marked, place)),
        binary(Op.LE, here, many),
        implies(system.at(0, 1), eq(here, many)),
    )
    return Question(system, bad), Proof(conjuncts, k, simple_path=k > 1)


def counter() -> tuple[Question, Proof]:
    """A number that goes 0, 1, 2, 0 is never 4 or 5; of one such state nothing follows, of two the next one does.

    Both are needed: from a bad state 5 leads to 3 and then to 4, and from 3 a bad state 4 leads to 5.
    """
    number = Var("x", INT)
    at = {value: eq(number, Lit(value, INT)) for value in (2, 4, 5)}
    steps = [
        toys.step(0, 0, 0, and_(not_(at[2]), not_(at[5])), [(number, add(number, ONE))]),
        toys.step(0, 0, 0, at[2], [(number, ZERO)]),
        toys.step(0, 0, 0, at[5], [(number, Lit(3, INT))]),
    ]
    system = toys.system("counter", [toys.variable("x", INT)], [toys.process("t", 1)], steps)
    return Question(system, or_(at[4], at[5])), Proof((), 2)


def token() -> tuple[Question, Proof]:
    """A mark moves through N places; no two have it at once. The invariant has a quantifier inside of another."""
    many = Var("N", IntSort(1, 2**31 - 1))
    marked, here = Var("marked", ArraySort(BOOL, 1, "N")), Var("here", INT)
    variables = [
        StateVar("N", many.sort, (1,), Role.PARAM, ("N",)),
        StateVar("marked", marked.sort, (0,), Role.SHARED, ("marked[#]",)),
        StateVar("here", here.sort, (0,), Role.SHARED, ("here",)),
    ]
    last = binary(Op.SUB, many, ONE)
    steps = [
        toys.step(0, 0, 1, TRUE, [(Index(marked, here), TRUE)]),
        toys.step(0, 1, 0, binary(Op.LT, here, last), [(Index(marked, here), Lit(0, BOOL)), (here, add(here, ONE))]),
    ]
    system = toys.system("token", variables, [toys.process("mover", 2)], steps)
    one, other = Var("?one", INT), Var("?other", INT)
    same = implies(and_(Index(marked, one), Index(marked, other)), eq(one, other))
    apart = forall(one, ZERO, last, forall(other, ZERO, last, same))
    only = forall(one, ZERO, last, implies(Index(marked, one), and_(eq(one, here), system.at(0, 1))))
    return Question(system, not_(apart)), Proof((apart, only))


ABOUT = About("turns.oom", "apart", "!(room[0] && room[1])", "9")


def written(folder: Path) -> tuple[Question, Proof]:
    """A good certificate in a folder."""
    question, proof = turns_proof()
    write_certificate(folder, question, proof, ABOUT)
    return question, proof


def failures(report: Report) -> set[tuple[str, Answer]]:
    """Obligations that are not confirmed, each with what is wrong."""
    return {(one.obligation, one.answer) for one in report.failed}
