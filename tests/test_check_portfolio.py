"""Verdicts where a proof engine worked beside the search: which of them counts, and what is an alarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from oomcheck.api import check
from oomcheck.evidence import EvidenceError
from oomcheck.gate.options import GateOptions
from oomcheck.gate.worker import options_of
from oomcheck.ir.expr import TRUE
from oomcheck.portfolio import SETTLED
from oomcheck.proofs import Asked, Established, Known, Reached, Settled, Undecided
from oomcheck.result.exploration import Limits, Witness
from oomcheck.result.verdict import Contradiction, Invariant, Report, Word, exit_code, word
from oomcheck.rows import Options
from oomcheck.smt.certificate import Report as Judged
from oomcheck.smt.outcome import Proof, Question
from oomcheck.smt.targets import Method
from tests import toys

MODEL = """model counting;
int 0..3 n = 0;
thread t {{ {before} while (n < 3) n++; }}
"""
SPEC = """spec for "counting.oom";
never three : n == 3;
never four : n < 0;
check all : three, four without race;
"""


class Fake:
    """In place of `Aside`: proofs that are there from the start, and end the search if `stops`."""

    def __init__(self, known: Mapping[str, Known], stops: bool) -> None:
        self.settled: dict[str, Settled] = {}
        self._known = known
        self._stops = stops

    def __call__(self, asked: Asked, should_stop: Callable[[], str] | None) -> Fake:
        """What the command makes of it."""
        for prop in asked.properties:
            short = prop.name.rpartition(":")[2]
            known = self._known.get(short, Undecided("not asked"))
            self.settled[prop.name] = Settled(known, Method.KIND)
        return self

    def stop(self) -> str:
        """The search ends at once, or is left alone."""
        return SETTLED if self._stops else ""

    def wait(self) -> None:
        """Nothing is to come."""

    def close(self) -> None:
        """Nothing is open."""


def proved() -> Established:
    """A proof, right or wrong; nobody looks at it again here."""
    invariant = Invariant("1-induction", ("true",), ("z3",))
    return Established(invariant, Question(toys.counter(1), TRUE), Proof(()), Judged((), (), True, ("z3",)))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Report]:
    """Check the model with proofs beside the search."""

    def check_it(known: Mapping[str, Known], stops: bool = False, before: str = "", beside: bool = True) -> Report:
        (tmp_path / "counting.oom").write_text(MODEL.format(before=before), encoding="utf-8")
        (tmp_path / "counting.oomspec").write_text(SPEC, encoding="utf-8")
        # By name: `oomcheck.check` is the function of the public interface.
        monkeypatch.setattr(import_module("oomcheck.check"), "Aside", Fake(known, stops))
        options = Options(limits=Limits(max_states=1 if stops and beside else None), beside=beside)
        return check(tmp_path / "counting.oom", tmp_path / "counting.oomspec", options=options)

    return check_it


def words(report: Report) -> dict[str, Word]:
    """The verdicts of the two properties."""
    return {r.prop: word(r.verdict) for r in report.results if r.prop in ("three", "four")}


def test_a_search_that_ends_first_counts(run: Callable[..., Report]) -> None:
    """The proof that came too late changes nothing."""
    assert words(run({"four": proved()})) == {"three": Word.VIOLATED, "four": Word.HOLDS}


def test_a_proof_counts_where_the_search_was_cut_short(run: Callable[..., Report]) -> None:
    """What is proved is, what is not stays unknown."""
    assert words(run({"four": proved()}, stops=True)) == {"three": Word.UNKNOWN, "four": Word.PROVED}


def test_a_proof_stops_no_search_where_machines_must_agree(run: Callable[..., Report]) -> None:
    """Without proofs beside searches, as in a gate, the search goes on to its end, and its answer counts."""
    report = run({"four": proved()}, stops=True, beside=False)
    assert words(report) == {"three": Word.VIOLATED, "four": Word.HOLDS}
    assert not options_of(GateOptions(), 1).beside


def test_a_witness_against_a_proof_is_an_alarm(run: Callable[..., Report]) -> None:
    """Both pieces of evidence are in the report, and the exit code is that of a defect."""
    report = run({"three": proved()})
    assert words(report)["three"] is Word.ERROR
    verdict = next(r.verdict for r in report.results if r.prop == "three")
    assert isinstance(verdict, Contradiction)
    assert (len(verdict.trace.steps) > 0, verdict.invariant.conjuncts) == (True, ("true",))
    assert exit_code(report) == 4


def test_a_run_that_no_search_saw_is_an_alarm(run: Callable[..., Report]) -> None:
    """A path to a bad state cannot be if every state was visited."""
    with pytest.raises(EvidenceError, match="no search of all states"):
        run({"four": Reached(Witness((0,)), {})})


def test_a_proof_past_a_fault_is_an_alarm(run: Callable[..., Report]) -> None:
    """A proof says that no behaviour ends; the search saw one end."""
    with pytest.raises(EvidenceError, match="end at a fault"):
        run({"four": proved()}, before="n = 3; n++;")


def test_nothing_is_proved_of_no_behaviour(run: Callable[..., Report]) -> None:
    """An assumption that nothing satisfies makes a proof worthless, also if the search did not come to it."""
    assert words(run({"four": proved()}, stops=True, before="assume n > 0;"))["four"] is Word.VACUOUS
