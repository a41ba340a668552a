"""What checks say about a quick run."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.spec import Spec, plan

MODEL = """model m;
enum Kind { ONE, TWO, THREE };
param int N = 1 in 0 .. 9;
param int M = 1 in 0 .. 9;
param Kind K = ONE;
marked int 0..9 x;
thread t { x = N; }
"""


def planned(folder: Path, checks: str, quick: bool) -> Spec:
    """The plan of a spec with the property `p` and some checks."""
    (folder / "m.oom").write_text(MODEL)
    spec = folder / "m.oomspec"
    spec.write_text(f'spec for "m.oom";\ninvariant p : x < 9;\nnever q : x == 8;\n{checks}')
    return plan(read_spec(spec)[0], str(spec), load_model(folder / "m.oom", {}), {}, quick=quick)


@pytest.mark.parametrize(
    ("clauses", "instances", "ranged"),
    [
        ("", [{}], ()),
        ("with N = 3", [{"N": 3}], ()),
        ("with N in 2 .. 5", [{"N": 2}], ("N",)),
        ("with N in { 7, 3 }, M = 2", [{"N": 7, "M": 2}], ("N",)),
        ("with K in { TWO, THREE }", [{"K": 1}], ("K",)),
        ("with N in 2 .. 5 quick with N = 4", [{"N": 4}], ("N",)),
        ("with N in 2 .. 5, M in 1 .. 3 quick with M = 2", [{"N": 2, "M": 2}], ("N", "M")),
        ("with N = 5 quick with N in 1 .. 2", [{"N": 1}, {"N": 2}], ("N",)),
        ("with N = 5 quick with M = 2", [{"N": 5, "M": 2}], ()),
        ("quick with N in { 1, 2 }, M = 3", [{"N": 1, "M": 3}, {"N": 2, "M": 3}], ("N",)),
    ],
)
def test_values_of_a_quick_run(
    tmp_path: Path, clauses: str, instances: list[dict[str, int]], ranged: tuple[str, ...]
) -> None:
    """The clause gives values by name, else a range gives its first; what ranges in the whole run is named alike."""
    check = planned(tmp_path, f"check c : p {clauses};\n", quick=True).checks[0]
    assert ([dict(sorted(one.items())) for one in check.instances], check.ranged) == (
        [dict(sorted(one.items())) for one in instances],
        ranged,
    )


def test_a_whole_run_ignores_the_clause(tmp_path: Path) -> None:
    """Without --quick neither values nor `skip` count."""
    spec = planned(tmp_path, "check c : p with N in 1 .. 2 quick with N = 9;\ncheck d : q quick skip;\n", quick=False)
    assert [check.name for check in spec.checks] == ["c", "d"]
    assert spec.checks[0].instances == ({"N": 1}, {"N": 2})
    assert spec.skipped == ()


def test_skip(tmp_path: Path) -> None:
    """A check that is left out is named, and its properties do not fall to the implicit check."""
    spec = planned(tmp_path, "check c : p;\ncheck d : q quick skip expect holds;\n", quick=True)
    assert ([check.name for check in spec.checks], spec.skipped) == (["c"], ("d",))


def test_the_implicit_check_stays(tmp_path: Path) -> None:
    """A property that no check names is checked in a quick run as well."""
    spec = planned(tmp_path, "check d : q quick skip;\n", quick=True)
    assert ([check.name for check in spec.checks], spec.checks[0].properties[0]) == (["default"], "p")


@pytest.mark.parametrize(
    ("clause", "code"),
    [("quick with L = 1", "E0004"), ("quick with N = 99", "E0005"), ("quick with N = 1, N = 2", "E0202"),
     ("quick with N in 3 .. 2", "E0406"), ("quick", "E0101"), ("expect holds quick skip", "E0101"),
     ("quick skip quick skip", "E0101"), ("quick skip with N = 1", "E0101")],
)  # fmt: skip
@pytest.mark.parametrize("quick", [True, False])
def test_mistakes_are_told_in_every_run(tmp_path: Path, clause: str, code: str, quick: bool) -> None:
    """A clause that makes no sense is an error, whether the run is quick or not."""
    with pytest.raises(OomcheckError) as raised:
        planned(tmp_path, f"check c : p {clause};\n", quick)
    assert [one.code for one in raised.value.diagnostics] == [code]


def test_the_word_is_a_name_elsewhere(tmp_path: Path) -> None:
    """Properties and checks may be called `quick`."""
    spec = planned(tmp_path, "never quick : x == 7;\ncheck quick : quick quick with N = 2;\n", quick=True)
    assert spec.checks[0].name == "quick"
