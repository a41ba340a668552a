"""The table of proofs: what is read from reports, how it is told, and where it is written."""

from __future__ import annotations

import json

import pytest

from tests.bench import proofs
from tests.bench.measure import BenchError, Finished
from tests.bench.points import ROOT
from tests.bench.proofs import CLAIMS, Claim, Found, Line

PROOF = {"method": "1-induction", "conjuncts": ["a", "b"], "size": 7, "confirmed_by": ["z3", "cvc5"]}
CLAIM = Claim("traversal", "lifetime", (("FIX", "V6_18"),))


def report(*rows: dict[str, object]) -> Finished:
    """A run that printed a notice, and a report with these rows."""
    return Finished(0, "a notice\n" + json.dumps({"results": rows}, indent=1), 9.0, 1, False, 2.5)


def test_a_proof_is_read() -> None:
    """Its method and size; the time is that of the processor."""
    found = proofs.read(report({"verdict": "proved", "states": 0, "engine": "kind", "proof": PROOF}))
    assert found == Found("proved", 2.5, 0, "1-induction; z3, cvc5", 2, 7)


def test_a_search_is_read() -> None:
    """It has states and no proof."""
    found = proofs.read(report({"verdict": "holds", "states": 12, "engine": "explicit", "proof": None}))
    assert found == Found("holds", 2.5, 12, "explicit")


def test_what_is_no_single_answer_is_an_error() -> None:
    """Text that is no report, and rows that differ."""
    with pytest.raises(BenchError, match="no report"):
        proofs.read(Finished(4, "internal error", 1.0, 1, False))
    rows: list[dict[str, object]] = [
        {"verdict": word, "states": 1, "engine": "auto"} for word in ("proved", "violated")
    ]
    with pytest.raises(BenchError, match="verdicts differ: proved, violated"):
        proofs.read(report(*rows))


def test_a_line_of_the_table() -> None:
    """Verdicts of searches are told once if they agree; the time is that of the longest."""
    searches = (Found("holds", 0.5, 1_000), Found("holds", 0.75, 20_000))
    proof = Found("proved", 2.5, 0, "1-induction; z3", 2, 7)
    line = "| traversal lifetime FIX=V6\\_18 | PROVED | 2.5 | 1-induction; z3 | 2 | 7 |"
    assert proofs.row(Line(CLAIM, proof, searches)) == f"{line} HOLDS | 1,000 / 20,000 | 0.8 |"
    differ = (searches[0], Found("violated", 0.5, 7))
    assert proofs.row(Line(CLAIM, Found("unknown", 3.0), differ)).endswith(
        "| UNKNOWN | 3.0 | - | - | - | HOLDS, VIOLATED | 1,000 / 7 | 0.5 |"
    )


def test_the_page_keeps_what_is_around_the_table() -> None:
    """Only what stands between the marks is replaced; a page without marks is refused."""
    text = f"before\n{proofs.BEGIN}old\n{proofs.END}after\n"
    assert proofs.written(text, "new\n") == f"before\n{proofs.BEGIN}\nnew\n\n{proofs.END}after\n"
    with pytest.raises(BenchError, match="no marks"):
        proofs.written("nothing", "new")
    proofs.written(proofs.PAGE.read_text(encoding="utf-8"), "new")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_files_of_claims_exist(claim: Claim) -> None:
    """The model, and the spec if there is one."""
    assert (ROOT / "models" / f"{claim.model}.oom").is_file()
    assert not claim.spec or (ROOT / claim.spec).is_file()
