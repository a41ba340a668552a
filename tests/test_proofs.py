"""Proof engines in a process of their own: what is believed of their answers, and how limits end them."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

import pytest

from oomcheck import proofs
from oomcheck.evidence import EvidenceError
from oomcheck.ir.expr import Var, binary, eq
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.proofs import Asked, Bounded, Established, Known, Reached, Undecided, prove
from oomcheck.prop.formula import Atom, eventually
from oomcheck.prop.property import Kind, Part, Property, sanitizer
from oomcheck.prop.temporal import Fairness, FairnessKind, Liveness
from oomcheck.result.exploration import Limits
from oomcheck.smt import strategy
from oomcheck.smt.certificate import Judged, Report
from oomcheck.smt.checkers import Answer as Said
from oomcheck.smt.targets import Method
from tests import toys
from tests.smt.small import left_out, walker
from tests.toys import number

COUNT = Var("n", IntSort(0, 3))
BELOW = Property("below", Kind.INVARIANT, binary(Op.LE, COUNT, number(3)))
TWO = Property("two", Kind.NEVER, eq(COUNT, number(2)))
SEEN = Property("seen", Kind.COVER, eq(COUNT, number(3)))
TOY = toys.counter(3)


def asked(
    *properties: Property, method: Method = Method.AUTO, limits: Limits | None = None, rlimit: int | None = None
) -> Asked:
    """Questions about a counter."""
    return Asked(TOY, TOY, properties, (), method, limits or Limits(), rlimit)


def known(found: Mapping[str, proofs.Settled]) -> dict[str, type[Known]]:
    """The kind of each answer."""
    return {name: type(settled.known) for name, settled in found.items()}


def test_each_property_is_settled() -> None:
    """What holds is proved, what does not is reached by a path; the same on each run."""
    first = prove(asked(BELOW, TWO, SEEN))
    assert known(first) == {"below": Established, "two": Reached, "seen": Reached}
    two = first["two"].known
    assert isinstance(two, Reached)
    assert two.witness is not None
    assert two.witness.steps == (0, 0)
    again = prove(asked(BELOW, TWO, SEEN))
    assert {name: settled.known for name, settled in again.items()} == {n: s.known for n, s in first.items()}


def test_dead_code_is_unsupported() -> None:
    """No state decides whether a statement is never run."""
    assert prove(asked(sanitizer("unreachable")))["unreachable"].known == Undecided(
        "no proof engine decides this kind of property"
    )


@pytest.mark.parametrize("method", list(Method))
def test_a_fault_that_halts(method: Method) -> None:
    """Nothing positive is said where behaviour may end at a fault, whoever is asked; the fault itself is reached."""
    toy = toys.use_after_free()
    found = prove(Asked(toy, toy, (sanitizer("lifetime"), sanitizer("refcount")), (), method, Limits(depth=5)))
    assert isinstance(found["lifetime"].known, Reached)
    if method is Method.BMC:
        assert isinstance(found["refcount"].known, Bounded)
    else:
        assert found["refcount"].known == Undecided(proofs.BEYOND)


def test_antecedents() -> None:
    """What never holds is told, by number."""
    parts = (Part("n == 1", eq(COUNT, number(1))), Part("n > 3", binary(Op.LT, number(3), COUNT)))
    prop = Property("p", Kind.INVARIANT, BELOW.formula, antecedents=parts)
    found = prove(asked(prop))["p"].known
    assert isinstance(found, Established)
    assert (found.lacking, found.open_parts) == ((1,), ())


def test_a_parametric_system() -> None:
    """A proof is for all values; a counterexample tells its values, and has no path here."""
    toy, late = walker(), walker(start=1)
    prop = Property("all", Kind.NEVER, left_out(toy))
    found = prove(Asked(toy, toy, (prop,), (), Method.AUTO))["all"].known
    assert isinstance(found, Established)
    assert found.invariant.open == ("N >= 1",)
    wrong = Property("all", Kind.NEVER, left_out(late))
    assert prove(Asked(late, late, (wrong,), (), Method.AUTO))["all"].known == Reached(None, {"N": 1})


def test_properties_about_runs() -> None:
    """The flag is raised at last if its thread is treated fairly, and need not be otherwise."""
    toy = toys.blinker()
    raised = eventually(Atom(Var("flag", BOOL)))
    fair = Property("fair", Kind.LTL, temporal=Liveness(raised, (Fairness("b", FairnessKind.STRONG, frozenset({2})),)))
    unfair = Property("unfair", Kind.LTL, temporal=Liveness(raised))
    found = prove(Asked(toy, toy, (fair, unfair), (), Method.KIND, Limits(depth=20)))
    assert known(found) == {"fair": Established, "unfair": Reached}


# ---------------------------------------------------------------- doubts


def _judge(answer: Said) -> Report:
    return Report((Judged("step 1", "step.smt2", "z3", answer, "why"),), (), True, ("z3",))


def test_a_proof_that_a_solver_refutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect, not a verdict."""
    monkeypatch.setattr(proofs, "recheck", lambda *_: _judge(Said.SAT))
    with pytest.raises(EvidenceError, match="below: z3 refutes `step 1` of the proof"):
        prove(asked(BELOW))


def test_a_proof_that_no_solver_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proof."""
    monkeypatch.setattr(proofs, "recheck", lambda *_: _judge(Said.UNKNOWN))
    assert prove(asked(BELOW))["below"].known == Undecided("no solver confirms the proof: step 1: unknown why")


def test_a_process_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not settled before stays open, with the reason."""
    monkeypatch.setattr(strategy, "settle", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    found = prove(asked(BELOW, TWO))
    reason = "the solver's process was ended by SIGKILL"
    assert [settled.known for settled in found.values()] == [Undecided(reason)] * 2


def test_a_process_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of memory holds for the process."""
    monkeypatch.setattr(strategy, "settle", lambda *_: bytearray(8 << 30))
    found = prove(asked(BELOW, limits=Limits(max_memory=1 << 28)))
    assert found["below"].known == Undecided("the solver ran out of memory")


def test_a_process_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is no proof."""
    monkeypatch.setattr(strategy, "settle", lambda *_: None)
    assert prove(asked(BELOW))["below"].known == Undecided("the solver answered nothing")


def test_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of time ends a process that is busy, as does who asked."""
    monkeypatch.setattr(strategy, "settle", lambda *_: signal.pause())
    assert prove(asked(BELOW, limits=Limits(timeout=0.1)))["below"].known == Undecided("time limit 0.1 s")
    assert prove(asked(BELOW), lambda: "interrupted")["below"].known == Undecided("interrupted")


def test_depth_and_steps() -> None:
    """A bound is told as one; few steps of the solver settle nothing."""
    found = prove(asked(SEEN, BELOW, method=Method.BMC, limits=Limits(depth=2)))
    assert {name: settled.known for name, settled in found.items()} == dict.fromkeys(
        ("seen", "below"), Bounded(2, "depth limit 2")
    )
    toy = toys.peterson()
    prop = Property("p", Kind.NEVER, toys.both_critical(toy))
    left = prove(Asked(toy, toy, (prop,), (), Method.PDR, Limits(), 1))["p"].known
    assert isinstance(left, Undecided)
