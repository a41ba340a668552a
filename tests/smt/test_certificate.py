"""Certificates: what is in them, and that nothing can be changed in one without being found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.ir.expr import and_, not_
from oomcheck.smt.certificate import (
    NAME,
    Report,
    certify,
    recheck,
    sections,
    subject,
    write_certificate,
)
from oomcheck.smt.checkers import Answer, Effort, ask, installed
from oomcheck.smt.obligations import Obligation, obligations, scripts
from oomcheck.smt.outcome import Proof, Question
from tests.lang.test_notation import lowered, read_again
from tests.smt.proofs import ABOUT, counter, failures, token, turns, turns_proof, walk_proof, written

Z3 = ("z3",)
NOBODY: tuple[str, ...] = ()  # no solver: what is compared is text
FAST = Effort(20.0, 2048)
SOLVERS = [
    "z3",
    pytest.param("cvc5", marks=pytest.mark.skipif(not installed("cvc5"), reason="the extra cvc5 is not installed")),
]


# ---------------------------------------------------------------- obligations


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("proved", [turns_proof, walk_proof, lambda: walk_proof(2), token, counter])
def test_proofs_are_confirmed(proved: Callable[[], tuple[Question, Proof]], solver: str) -> None:
    """Finite and for every size, with k of 1 and 2: a solver that sees text alone answers unsat to all obligations."""
    question, proof = proved()
    report = recheck(question, proof, [solver], FAST)
    assert report.failed == ()
    assert report.confirmed == (solver,)
    assert len(report.judged) == len(obligations(question, proof))


def test_names_of_obligations() -> None:
    """Each conjunct has its initiation, each step its consecution, which names the place in the code."""
    question, proof = turns_proof()
    assert [o.name for o in obligations(question, proof)] == [
        *(f"initiation of conjunct {number}" for number in range(1, 7)),
        "consecution of a: L0 (step 0)",
        "consecution of a: L1 (step 1)",
        "consecution of a: L2 (step 2)",
        "consecution of b: L0 (step 3)",
        "consecution of b: L1 (step 4)",
        "consecution of b: L2 (step 5)",
        "safety",
    ]
    assert [o.name for o in obligations(*counter())] == [
        "base after 0 steps",
        "base after 1 steps",
        "induction step of length 2",
    ]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_failing_obligation_is_named(solver: str) -> None:
    """What no longer follows without one conjunct, or with one that is wrong, is said with its place in the code."""
    question, proof = turns_proof()
    weak = replace(proof, conjuncts=(proof.conjuncts[0], *proof.conjuncts[2:]))
    report = recheck(question, weak, [solver], FAST)
    assert failures(report) == {("safety", Answer.SAT), ("consecution of a: L2 (step 2)", Answer.SAT)}
    early = replace(proof, conjuncts=(*proof.conjuncts, question.system.at(0, 0)))
    assert failures(recheck(question, early, [solver], FAST)) == {("consecution of a: L0 (step 0)", Answer.SAT)}
    late = replace(proof, conjuncts=(*proof.conjuncts, question.system.at(1, 1)))
    assert failures(recheck(question, late, [solver], FAST)) == {
        ("initiation of conjunct 7", Answer.SAT),
        ("consecution of b: L1 (step 4)", Answer.SAT),
    }


def test_one_step_is_not_enough() -> None:
    """What holds for two states in a row need not do for one."""
    question, proof = counter()
    report = recheck(question, Proof((not_(question.bad),)), Z3, FAST)
    assert failures(report) == {("consecution of t: L0 (step 0)", Answer.SAT)}
    assert recheck(question, proof, Z3, FAST).confirmed == Z3


@pytest.mark.parametrize("solver", SOLVERS)
def test_each_obligation_stands_alone(solver: str) -> None:
    """The text of one obligation needs nothing of the others, and says in comments what it is about."""
    for obligation in obligations(*walk_proof()):
        (answer,) = ask(solver, obligation.text, [obligation.name], FAST)
        assert answer.answer is Answer.UNSAT
        assert obligation.text.startswith(f"; {obligation.name}\n; Obligation of an inductive proof: ")


def test_both_states_count() -> None:
    """Of two states in a row each excludes something, and both are assumed."""
    question, proof = counter()
    (step,) = scripts(question, proof)[1].obligations
    lines = step.text.splitlines()
    held = [line for line in lines if line.startswith("(assert (not (or (= |x@")]
    assert len(held) == 2
    for line in held:
        (answer,) = ask("z3", step.text.replace(line, ""), [step.name], FAST)
        assert answer.answer is Answer.SAT


def test_the_first_state_counts_without_a_step() -> None:
    """A bad initial state is found where nothing can happen."""
    system = replace(turns(), transitions=())
    report = recheck(Question(system, system.at(0, 0)), Proof((), 2), Z3, FAST)
    assert ("base after 0 steps", Answer.SAT) in failures(report)


@pytest.mark.parametrize("solver", SOLVERS)
def test_nothing_false_is_confirmed_for_every_size(solver: str) -> None:
    """Facts about quantifiers that are there to help do not help where there is nothing to prove."""
    question, proof = walk_proof()
    weak = replace(proof, conjuncts=proof.conjuncts[1:])
    assert {name for name, _ in failures(recheck(question, weak, [solver], FAST))} == {"safety"}
    loose = replace(proof, conjuncts=proof.conjuncts[:2])
    assert {name for name, _ in failures(recheck(question, loose, [solver], FAST))} == {"safety"}
    question, proof = token()
    weak = replace(proof, conjuncts=proof.conjuncts[:1])
    assert {name for name, _ in failures(recheck(question, weak, [solver], FAST))} == {
        "consecution of mover: L0 (step 0)"
    }


def test_header() -> None:
    """A file says what it is, of which model, and has the conjuncts in the language."""
    question, proof = walk_proof()
    system = replace(question.system, digest="sha256:0", params=(("N", "any"),))
    text = scripts(replace(question, system=system), proof, "whole: all are marked")[1].text
    assert text.splitlines()[:8] == [
        "; Obligation of an inductive proof: each step keeps the conjuncts. Every answer must be unsat.",
        "; model walk, digest sha256:0",
        "; parameter N = any",
        "; property whole: all are marked",
        "; conjunct 1: internal(forall i in 0 .. here - 1 : marked[i])",
        "; conjunct 2: here <= N",
        "; conjunct 3: !dead(walker) || here == N",
        "(set-logic ALL)",
    ]


def test_logic() -> None:
    """Linear arithmetic alone is said to be such."""
    assert all("(set-logic QF_LIA)" in script.text for script in scripts(*turns_proof()))


def test_the_text_is_always_the_same() -> None:
    """Nothing of a run goes into the files."""
    assert [s.text for s in scripts(*turns_proof())] == [s.text for s in scripts(*turns_proof())]


# ---------------------------------------------------------------- a certificate as it should be


def test_contents(tmp_path: Path) -> None:
    """The index has the property, the conjuncts in both forms, and each file with its digest and obligations."""
    question, proof = turns_proof()
    report = recheck(question, proof, Z3, FAST)
    paths = write_certificate(tmp_path / "new" / "folder", question, proof, ABOUT, report)
    assert [path.name for path in paths] == [NAME, "initiation.smt2", "consecution.smt2", "safety.smt2"]
    data = json.loads(paths[0].read_text(encoding="utf-8"))
    assert data["schema"] == "oomcheck.certificate/1"
    assert data["property"]["name"] == "apart"
    assert data["notation"][0] == '!room[0] || a at "L2"'
    assert len(data["conjuncts"]["roots"]) == 6
    assert data["confirmed_by"] == [f"z3 {installed('z3')}"]
    assert [len(entry["obligations"]) for entry in data["files"]] == [6, 6, 1]


def test_a_folder_is_used_again(tmp_path: Path) -> None:
    """Nothing is left of a proof of another form."""
    written(tmp_path)
    question, proof = counter()
    write_certificate(tmp_path, question, proof, ABOUT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.smt2", NAME, "step.smt2"]
    assert certify(tmp_path, Z3, (question, ABOUT), FAST).confirmed == Z3


def test_subject(tmp_path: Path) -> None:
    """What a certificate claims to be about can be read without checking it."""
    written(tmp_path)
    found = subject(tmp_path)
    assert (found.about, found.digest, found.params) == (ABOUT, "", {})


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_good_certificate(tmp_path: Path, solver: str) -> None:
    """It is confirmed with the model, whatever path it has, and without."""
    question, _ = written(tmp_path)
    whole = certify(tmp_path, [solver], (question, replace(ABOUT, model="elsewhere/turns.oom", version="10")), FAST)
    assert (whole.confirmed, whole.problems, whole.failed, whole.bound) == ((solver,), (), (), True)
    alone = certify(tmp_path, [solver], None, FAST)
    assert (alone.confirmed, alone.problems, alone.failed, alone.bound) == ((solver,), (), (), False)


def test_every_size(tmp_path: Path) -> None:
    """Quantifiers and arrays find their way through the index."""
    question, proof = walk_proof(2)
    write_certificate(tmp_path, question, proof, ABOUT)
    assert certify(tmp_path, Z3, (question, ABOUT), FAST).confirmed == Z3


# ---------------------------------------------------------------- reports


def test_disagreement() -> None:
    """An obligation that one solver confirms and another refutes is told apart from one that nobody answers."""
    question, proof = turns_proof()
    report = recheck(question, proof, Z3, FAST)
    first = report.judged[0]
    lie = replace(first, solver="other", answer=Answer.SAT)
    doubt = replace(report.judged[1], solver="other", answer=Answer.UNKNOWN)
    mixed = replace(report, judged=(*report.judged, lie, doubt), solvers=("z3", "other"))
    assert mixed.disagreements == (first.obligation,)
    assert mixed.confirmed == Z3
    assert replace(mixed, problems=("something",)).confirmed == ()
    assert Report((), (), True, Z3).confirmed == ()


def test_sections() -> None:
    """A script falls into its prelude and its obligations, quotes in their names included."""
    odd = replace_name(scripts(*counter())[1].obligations[0], 'wait "now"')
    script = replace(scripts(*counter())[1], obligations=(odd,))
    found = sections(script.text)
    assert list(found) == ["", 'wait "now"']


def replace_name(obligation: Obligation, name: str) -> Obligation:
    """The obligation under another name."""
    return replace(obligation, name=name)


def test_a_proof_of_nothing() -> None:
    """Without conjuncts only a bad state that cannot exist is excluded."""
    question, _ = turns_proof()
    impossible = and_(question.system.at(0, 0), question.system.at(0, 1))
    assert recheck(replace(question, bad=impossible), Proof(()), Z3, FAST).confirmed == Z3
    assert failures(recheck(question, Proof(()), Z3, FAST)) == {("safety", Answer.SAT)}


# ---------------------------------------------------------------- from a model to a certificate

FLAG, WAIT = '"line 17: flag[me] = true"', '"line 19: await !flag[1 - me] or turn != me"'
PETERSON = (
    f"flag[0] != (a at {FLAG})",
    f"flag[1] != (b at {FLAG})",
    "local(a, me) == 0",
    'local(b, me) == (b at "critical" ? 0 : 1)',
    f'!(a at "critical" && b at {WAIT}) || turn == 1',
    f'!(b at "critical" && a at {WAIT}) || turn == 0',
    '!(a at "critical" && b at "critical")',
    "0 <= turn && turn <= 1",
)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_proof_in_the_language(tmp_path: Path, solver: str) -> None:
    """An invariant of Peterson's lock, as a spec has it, is confirmed, and the certificate has the same words."""
    model = lowered("examples/peterson2.oom")
    conjuncts = tuple(lemma.formula for lemma in read_again(model, PETERSON))
    question = Question(model.system, not_(conjuncts[6]))
    write_certificate(tmp_path, question, Proof(conjuncts), ABOUT)
    assert json.loads((tmp_path / NAME).read_text(encoding="utf-8"))["notation"] == list(PETERSON)
    assert certify(tmp_path, [solver], (question, ABOUT), FAST).confirmed == (solver,)
    rest = replace(Proof(conjuncts), conjuncts=conjuncts[:3] + conjuncts[4:])
    report = recheck(question, rest, [solver], FAST)
    assert {one.obligation.partition(" (step")[0] for one in report.failed} == {
        "consecution of b: line 17: flag[me] = true",
        "consecution of b: line 18: turn = me",
        "consecution of b: line 19: await !flag[1 - me] or turn != me",
    }
