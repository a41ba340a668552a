"""Solvers in processes of their own: what becomes of an answer when something goes wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from oomcheck.smt.checkers import SOLVE, Answer, Answered, Effort, ask, available, installed
from oomcheck.smt.solve import answers, commands

SOLVERS = [
    "z3",
    pytest.param("cvc5", marks=pytest.mark.skipif(not installed("cvc5"), reason="the extra cvc5 is not installed")),
]
EASY = "(set-logic ALL)\n(declare-const x Int)\n(push 1)\n(assert (< x x))\n(check-sat)\n(pop 1)\n(check-sat)\n"
#: Cubes that add up to a number for which nobody knows any.
HARD = """(set-logic ALL)
(declare-const a Int) (declare-const b Int) (declare-const c Int)
(assert (= 114 (+ (* a a a) (* b b b) (* c c c))))
(check-sat)
"""


@pytest.mark.parametrize("solver", SOLVERS)
def test_answers_in_order(solver: str) -> None:
    """One for each check, whatever stands between."""
    found = ask(solver, EASY, ["first", "second"], Effort(10.0, 2048))
    assert [one.answer for one in found] == [Answer.UNSAT, Answer.SAT]


@pytest.mark.parametrize("solver", SOLVERS)
def test_time_runs_out(solver: str) -> None:
    """What is not answered in time is unknown, with the reason of the solver."""
    (found,) = ask(solver, HARD, ["cubes"], Effort(0.2, 2048))
    assert found.answer is Answer.UNKNOWN
    assert found.reason != ""


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_script_has_an_end(solver: str) -> None:
    """A process that does not keep to its time is ended, and what it answered before counts."""
    script = EASY.replace("(pop 1)\n(check-sat)\n", "(pop 1)\n") + HARD.replace("(set-logic ALL)\n", "")
    found = ask(solver, script, ["first", "cubes"], Effort(60.0, 2048, total=2.0))
    assert [one.answer for one in found] == [Answer.UNSAT, Answer.UNKNOWN]
    assert found[1].reason == f"{solver} was stopped after 2 s"


@pytest.mark.parametrize("solver", SOLVERS)
def test_memory_runs_out(solver: str) -> None:
    """A process without room confirms nothing."""
    (found,) = ask(solver, EASY.replace("(pop 1)\n(check-sat)\n", ""), ["first"], Effort(5.0, 8))
    assert found.answer is Answer.UNKNOWN
    assert solver in found.reason


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "script",
    [
        "(set-logic ALL)\n(assert (< x 1))\n(check-sat)\n",
        "(set-logic ALL)\n(nonsense)\n(check-sat)\n",
        "(set-logic ALL)\n",
        "no script",
        '(set-logic ALL)\n(echo "unsat")\n',
    ],
)
def test_errors_confirm_nothing(solver: str, script: str) -> None:
    """An error ends the answers, even where the solver would go on without the line; text is no answer."""
    (found,) = ask(solver, script, ["it"], Effort(5.0, 2048))
    assert found.answer is Answer.UNKNOWN
    assert found.reason != ""


def test_too_many_answers() -> None:
    """With one answer too many nobody knows which obligation they are about."""
    found = ask("z3", EASY, ["only"], Effort(5.0, 2048))
    assert found == (Answered(Answer.UNKNOWN, "z3 gave more answers than there are obligations"),)


def test_usage() -> None:
    """The child refuses anything but a known solver with its limits."""
    done = subprocess.run([sys.executable, "-P", str(SOLVE), "yices"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_commands() -> None:
    """Comments, texts and quoted symbols hide parentheses; what is not closed is no command."""
    text = '; (a)\n(b |x)(| "(""" (c)) (d ; )\n) |)| (e "'
    assert list(commands(text)) == ['(b |x)(| "(""" (c))', "(d ; )\n)"]


def said(*pairs: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """What a solver says."""
    yield from pairs


def test_only_answers_to_checks_count() -> None:
    """A reason belongs to the answer before; after an error nothing is an answer."""
    check = "(check-sat)"
    assert list(answers(said((check, "unknown"), ("(reason)", "timeout"), (check, "unsat")))) == [
        {"answer": "unknown", "reason": "timeout"},
        {"answer": "unsat", "reason": ""},
    ]
    assert list(answers(said(("(assert x)", "(error 1)"), (check, "unsat")))) == [
        {"answer": "error", "reason": "(error 1)"}
    ]
    assert list(answers(said((check, "timeout"), (check, "unsat")))) == [{"answer": "error", "reason": "timeout"}]


def test_available() -> None:
    """Z3 comes with oomcheck."""
    assert available()[0] == "z3"
