"""Certificates that somebody touched: each is rejected, and what is wrong with it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.smt.certificate import (
    NAME,
    certify,
    subject,
    write_certificate,
)
from oomcheck.smt.checkers import Answer, Effort, installed
from oomcheck.smt.obligations import obligations
from oomcheck.smt.portable import UnreadableError
from tests.smt.proofs import ABOUT, failures, turns, turns_proof, written

Z3 = ("z3",)
NOBODY: tuple[str, ...] = ()  # no solver: what is compared is text
FAST = Effort(20.0, 2048)
SOLVERS = [
    "z3",
    pytest.param("cvc5", marks=pytest.mark.skipif(not installed("cvc5"), reason="the extra cvc5 is not installed")),
]


FIRST_STEP = "consecution of a: L0 (step 0)"
Change = Callable[[Path], None]


def edited(file: str, old: str, new: str) -> Change:
    """Replace the first occurrence of a text in a file."""

    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def index_edited(change: Callable[[dict[str, object]], object]) -> Change:
    """Change the index as data."""

    def apply(folder: Path) -> None:
        path = folder / NAME
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data), encoding="utf-8")

    return apply


def swapped(folder: Path) -> None:
    """Two files change their names."""
    first, second = folder / "initiation.smt2", folder / "safety.smt2"
    texts = first.read_text(encoding="ascii"), second.read_text(encoding="ascii")
    first.write_text(texts[1], encoding="ascii")
    second.write_text(texts[0], encoding="ascii")


def without_an_obligation(folder: Path) -> None:
    """One obligation is cut out of a file."""
    path = folder / "consecution.smt2"
    text = path.read_text(encoding="ascii")
    parts = text.split('(echo "')
    path.write_text('(echo "'.join([parts[0], *parts[2:]]), encoding="ascii")


ALL_INITIATIONS = {f"initiation of conjunct {number}" for number in range(1, 7)}
STEPS = {o.name for o in obligations(*turns_proof()) if o.name.startswith("consecution")}


@pytest.mark.parametrize(
    ("change", "names", "answer"),
    [
        (edited("consecution.smt2", "(define-fun |a.pc'| () Int 1)", "(define-fun |a.pc'| () Int 0)"), {FIRST_STEP}, 1),
        (edited("consecution.smt2", "(assert (not ", "(assert (and false "), {FIRST_STEP}, 1),
        (edited("safety.smt2", "(push 1)\n", "(push 1)\n(assert false)\n"), {"safety"}, 1),
        (edited("safety.smt2", "(set-logic QF_LIA)\n", "(set-logic QF_LIA)\n(assert false)\n"), {"safety"}, 1),
        (edited("safety.smt2", "(check-sat)", "(check-sat )"), {"safety"}, 1),
        (edited("initiation.smt2", "; conjunct 1: !room[0]", "; conjunct 1: room[0]"), ALL_INITIATIONS, 1),
        (edited("initiation.smt2", "(pop 1)\n", "(pop 1)\n(exit)\n"), {"initiation of conjunct 1"}, 1),
        (lambda folder: (folder / "safety.smt2").unlink(), {"safety"}, 0),
        (swapped, {*ALL_INITIATIONS, "safety"}, 1),
        (without_an_obligation, {FIRST_STEP}, 0),
    ],
)
def test_a_changed_file_is_found(tmp_path: Path, change: Change, names: set[str], answer: int) -> None:
    """A number, a claim, a hypothesis, a comment, an order: the obligations where it stands are refused, no others."""
    question, _ = written(tmp_path)
    change(tmp_path)
    report = certify(tmp_path, Z3, (question, ABOUT), FAST)
    wrong = (Answer.MISSING, Answer.DIFFERS)[answer]
    assert failures(report) == {(name, wrong) for name in names}
    assert report.confirmed == ()


def drop_conjunct(data: dict[str, object]) -> None:
    """The last conjunct is gone from the index."""
    conjuncts = data["conjuncts"]
    assert isinstance(conjuncts, dict)
    del conjuncts["roots"][-1]


def first_entry(data: dict[str, object]) -> dict[str, object]:
    """The first file of the index."""
    files = data["files"]
    assert isinstance(files, list)
    assert isinstance(files[0], dict)
    return files[0]


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (index_edited(drop_conjunct), "notation"),
        (index_edited(lambda data: data.update(notation=["true"])), "notation"),
        (index_edited(lambda data: first_entry(data).update(sha256="0")), "files"),
        (index_edited(lambda data: first_entry(data).update(obligations=[])), "files"),
        (index_edited(lambda data: data.update(property={"name": "apart", "text": ABOUT.text})), "property"),
        (index_edited(lambda data: data.update(property={"name": "better", "text": ABOUT.text})), "property"),
        (index_edited(lambda data: data.update(extra=1)), "extra"),
    ],
)
def test_a_changed_index_is_found(tmp_path: Path, change: Change, entry: str) -> None:
    """The entry that is not what the model and the conjuncts give is named."""
    question, _ = written(tmp_path)
    change(tmp_path)
    report = certify(tmp_path, NOBODY, (question, ABOUT), FAST)
    assert f"{NAME}: `{entry}` is not that of this model and property" in report.problems


def test_a_dropped_conjunct_changes_the_obligations(tmp_path: Path) -> None:
    """The files are compared with those of the conjuncts that are left: nothing of them is the same."""
    question, _ = written(tmp_path)
    index_edited(drop_conjunct)(tmp_path)
    report = certify(tmp_path, NOBODY, (question, ABOUT), FAST)
    assert failures(report) == {
        *((f"initiation of conjunct {number}", Answer.DIFFERS) for number in range(1, 6)),
        *((name, Answer.DIFFERS) for name in STEPS),
        ("safety", Answer.DIFFERS),
    }


def test_an_honest_weak_proof_fails_by_itself(tmp_path: Path) -> None:
    """A certificate that agrees with itself and the model but proves nothing is refuted by the solver."""
    question, proof = turns_proof()
    weak = replace(proof, conjuncts=proof.conjuncts[:1])
    write_certificate(tmp_path, question, weak, ABOUT)
    report = certify(tmp_path, Z3, (question, ABOUT), FAST)
    assert (report.problems, report.bound) == ((), True)
    assert ("safety", Answer.SAT) in failures(report)


def test_another_model(tmp_path: Path) -> None:
    """A model with another text is another model, even where all obligations are the same."""
    question, _ = written(tmp_path)
    other = replace(question, system=replace(question.system, digest="sha256:1"))
    report = certify(tmp_path, Z3, (other, ABOUT), FAST)
    assert report.problems == (
        f"{NAME}: `model` is not that of this model and property",
        f"{NAME}: `files` is not that of this model and property",
    )
    assert report.confirmed == ()


def test_another_step(tmp_path: Path) -> None:
    """A model with one more step has an obligation that the certificate lacks."""
    question, _ = written(tmp_path)
    system = turns()
    extra = replace(system.transitions[0], index=6)
    longer = replace(question, system=replace(system, transitions=(*system.transitions, extra)))
    report = certify(tmp_path, NOBODY, (longer, ABOUT), FAST)
    assert ("consecution of a: L0 (step 6)", Answer.MISSING) in failures(report)


def test_another_property(tmp_path: Path) -> None:
    """A proof of one property is none of another, whatever it is called."""
    question, _ = written(tmp_path)
    report = certify(tmp_path, NOBODY, (replace(question, bad=question.system.at(0, 2)), ABOUT), FAST)
    assert f"{NAME}: `property` is not that of this model and property" in report.problems
    assert failures(report) == {("safety", Answer.DIFFERS)}


def test_a_file_too_many(tmp_path: Path) -> None:
    """A script that is no part of the proof is refused."""
    question, _ = written(tmp_path)
    (tmp_path / "more.smt2").write_text("(check-sat)\n", encoding="ascii")
    report = certify(tmp_path, NOBODY, (question, ABOUT), FAST)
    assert report.problems == ("more.smt2: this file is no part of the certificate",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "it cannot be read"),
        ("{", "it cannot be read"),
        ("[]", "it is no object"),
        ('{"schema": "oomcheck.certificate/2"}', "its schema is"),
        ("[" * 100_000, "it cannot be read"),
    ],
)
def test_an_index_that_is_none(tmp_path: Path, text: str | None, reason: str) -> None:
    """Whatever stands in its place, there is a reason and no confirmation."""
    question, _ = written(tmp_path)
    (tmp_path / NAME).unlink() if text is None else (tmp_path / NAME).write_text(text, encoding="utf-8")
    for asked in (None, (question, ABOUT)):
        report = certify(tmp_path, Z3, asked, FAST)
        assert report.problems[0].startswith(f"{NAME}: {reason}")
        assert report.confirmed == ()
    with pytest.raises(UnreadableError):
        subject(tmp_path)


@pytest.mark.parametrize("key", ["k", "simple_path", "conjuncts", "tool_version", "model"])
def test_an_index_without_an_entry(tmp_path: Path, key: str) -> None:
    """An entry that is needed and missing is a reason."""
    question, _ = written(tmp_path)
    index_edited(lambda data: data.pop(key))(tmp_path)
    report = certify(tmp_path, NOBODY, (question, ABOUT), FAST)
    assert len(report.problems) == 1


def test_alone_the_digests_are_compared(tmp_path: Path) -> None:
    """Without the model a changed or missing file is found by its digest; what the digests are for is not asked."""
    written(tmp_path)
    edited("safety.smt2", "(push 1)\n", "(push 1)\n(assert false)\n")(tmp_path)
    (tmp_path / "initiation.smt2").unlink()
    report = certify(tmp_path, Z3, None, FAST)
    missing = {(name, Answer.MISSING) for name in ALL_INITIATIONS}
    assert failures(report) == {("safety", Answer.DIFFERS), *missing}
    assert (report.confirmed, report.bound) == ((), False)
