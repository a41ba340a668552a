"""Z3 and the search agree on the models of historical races and of the patch series.

agreement.toml has a line for each row of their specs, and for each row of another spec that the tables of the lineage
cite: which engine of Z3 answers it. The verdict of the search is the one that the spec expects, which
the gate and test_museum.py check, so that is what Z3 must say.
"""

from __future__ import annotations

import os

import pytest

from oomcheck.api import check
from oomcheck.check import planned
from oomcheck.gate.answers import Answer
from oomcheck.result.exploration import Limits
from oomcheck.result.verdict import Result, Word, word
from oomcheck.rows import Options
from tests.models.agreement import CITED, NAMES, rows, table
from tests.models.suites import model_of, spec_of

#: Whether to ask all of what an engine may answer, which takes hours: OOMCHECK_AGREEMENT=1.
ALL = bool(os.environ.get("OOMCHECK_AGREEMENT"))
#: Seconds for each answer that is known to come. Without seconds a limit of solver steps would end some of them.
SLOW = 300

#: Specs that the reference engine answers in seconds.
SMALL = ("lineage/series_v7", "museum/munlock", "museum/thaw_guard", "museum/zero_pages")

#: What Z3 says where the search says the other.
SAME = {
    "holds": Word.PROVED,
    "proved": Word.PROVED,
    "violated": Word.VIOLATED,
    "covered": Word.COVERED,
    "unreachable": Word.UNREACHABLE,
}


def is_answer(row: str, answer: Answer) -> bool:
    """Whether a row is one of those that an answer names."""
    start, _, values = row.removesuffix("]").partition("[")
    return start == f"{answer.check}/{answer.prop}" and set(values.split(",")).issuperset(answer.values)


def asked(name: str, engine: str, rows: list[str], patience: float | None) -> list[Result]:
    """What an engine of Z3 says of rows of a spec."""
    spec = spec_of(name)
    depths = [table()[name][row].depth for row in rows]
    depth = max((depth for depth in depths if depth is not None), default=None)
    names = tuple(f"{spec.stem}/{row}" for row in rows)
    limits = Limits(depth=depth, timeout=patience)
    results = check(model_of(spec), spec, options=Options(engine=engine, select=names, limits=limits)).results
    found = [result for result in results if result.identity in names]
    assert {result.identity for result in found} == set(names)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_row_is_in_the_table(name: str) -> None:
    """No row of a spec is left out, of another one none that is cited, and none is there that is no longer one."""
    spec = spec_of(name)
    _, _, found = planned(model_of(spec), (spec,), Options(engine="explicit"))
    named = {row.identity.partition("/")[2] for row in found if row.named}
    known = table().get(name, {})
    new = [
        f'"{row}" = "graph 0"'
        for row in sorted(named)
        if row not in known and (name not in CITED or any(is_answer(row, one) for one in CITED[name]))
    ]
    assert new == []  # lines for the table; test_state_graph.py tells the number of states
    assert [row for row in known if row not in named] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_quick_answers_agree(name: str) -> None:
    """Z3 says what is expected, each violation within the steps of the shortest one."""
    for engine, wanted in rows(name, "fast").items():
        found = asked(name, engine, wanted, None)
        wrong = [f"{r.identity}: {word(r.verdict).value} {r.note}" for r in found if not r.ok or not agrees(r)]
        assert wrong == []


@pytest.mark.skipif(not ALL, reason="takes hours: OOMCHECK_AGREEMENT=1")
@pytest.mark.parametrize("name", NAMES)
def test_the_slow_answers_agree(name: str) -> None:
    """The same for answers that take longer."""
    for engine, wanted in rows(name, "slow").items():
        for row in wanted:
            (found,) = asked(name, engine, [row], SLOW)
            assert found.ok, f"{found.identity}: {word(found.verdict).value} {found.note}"
            assert agrees(found)


@pytest.mark.parametrize("name", SMALL)
def test_the_reference_agrees(name: str) -> None:
    """The search that is written to be read says of each row what the compiled one says, without any reduction."""
    spec = spec_of(name)
    found = [
        {r.identity: (word(r.verdict), r.value) for r in check(model_of(spec), spec, options=options).results}
        for options in (Options(engine="reference", quick=True), Options(engine="explicit", quick=True))
    ]
    assert found[0] == found[1]


def agrees(found: Result) -> bool:
    """Whether a verdict of Z3 says what the spec expects, and not less."""
    return word(found.verdict) is SAME[found.expected]
