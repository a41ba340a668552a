"""Verdicts: strict expectations, nothing positive that was not established, nothing that holds for no reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck import explicit
from oomcheck.check import check_files
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.pygen.search import explore as explore_generated
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.result.verdict import Holds, Report, Result, Unknown, Unreachable, Word, word
from oomcheck.rows import Options
from oomcheck.verdicts import decide
from tests.cli.samples import put

ENGINES = ("explicit", "reference")

HALTING = {
    "null": "struct S { marked int 0..3 x; };\nS s;\nS *p = NULL;\nthread t { int 0..3 i = p->x; y = i; }",
    "range": "thread t { y = 3; y++; y = 1; }",
    "lifetime": "struct S { marked int 0..3 x; };\nS s[1];\nthread t { S *q = &s[0]; kfree(q); q->x = 1; y = 1; }",
    "refcount": "refcount c = 1;\nthread t { refcount_dec(c); refcount_dec(c); refcount_inc(c); y = 1; }",
    "lockdep": "spinlock l;\nthread t { spin_unlock(l); y = 1; }",
}
SOFT = {
    "uninit": "thread t { int 0..3 i; y = i; }",
    "race": "int 0..3 z;\nthread t[2] { z = 1; }",
    "assert": 'thread t { assert y == 1 "why"; y = 1; }',
    "deadlock": "thread t { y = 1; await y == 2; }",
}


def run(folder: Path, model: str, spec: str = "", options: Options | None = None) -> Report:
    """Check a model with marked `y`, against a spec if there is one."""
    path = put(folder, "m.oom", "model m;\nmarked int 0..3 y;\n" + model)
    specs = (put(folder, "m.oomspec", 'spec for "m.oom";\n' + spec),) if spec else ()
    return check_files(path, specs, options or Options())


def words(report: Report) -> dict[str, Word]:
    """Verdicts by property."""
    return {result.prop: word(result.verdict) for result in report.results}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("name", HALTING)
def test_nothing_holds_beyond_a_misuse(tmp_path: Path, name: str, on: bool, engine: str) -> None:
    """HOLDS and UNREACHABLE become UNKNOWN, whether the sanitizer is on or off; what was found stays."""
    spec = "never n : y == 2;\ncover c : y == 2;\ncover start : y == 0;\ninvariant bad : y != 0;\n"
    without = frozenset() if on else frozenset({name})
    found = words(run(tmp_path, HALTING[name], spec, Options(engine=engine, without=without)))
    assert (found.pop("start"), found.pop("bad")) == (Word.COVERED, Word.VIOLATED)
    assert found.pop(name, None) is (Word.VIOLATED if on else None)
    assert {"n", "c", "race", "deadlock"} <= found.keys()
    assert set(found.values()) == {Word.UNKNOWN}


@pytest.mark.parametrize("name", SOFT)
def test_other_faults_leave_the_rest(tmp_path: Path, name: str) -> None:
    """Behaviour goes on after these, so that the rest is known."""
    found = words(run(tmp_path, SOFT[name]))
    assert found.pop(name) is Word.VIOLATED
    assert set(found.values()) == {Word.HOLDS}


@pytest.mark.parametrize("stopped", ["state limit 3", "time limit 1 s", "interrupted", "anything"])
@pytest.mark.parametrize(
    "prop", [sanitizer("race"), sanitizer("unreachable"), Property("c", Kind.COVER), Property("i", Kind.INVARIANT)]
)
def test_stopped_is_unknown(prop: Property, stopped: str) -> None:
    """Whatever stopped a search, no verdict about all states follows."""
    found = Exploration(3, 2, 1, stopped, {}, frozenset(), frozenset(), frozenset(), 0.0)
    assert decide(prop, found, ("dead",)) == Unknown(f"{stopped}: 3 states, depth 1")
    assert isinstance(
        decide(prop, Exploration(3, 2, 1, "", {}, frozenset(), frozenset(), frozenset(), 0.0)), Holds | Unreachable
    )


@pytest.mark.parametrize(
    ("formula", "vacuous"),
    [
        ("y == 3 -> y == 1", "y == 3"),
        ("y == 1 -> y != 3", ""),
        ("y == 1 -> (y == 2 -> y == 0)", "y == 2"),
        ("y == 1 -> (y < 3 -> y == 1)", ""),
        ("(y == 1 -> true) and (y == 3 -> true)", "y == 3"),
        ("forall i in 0 .. 1 : (y == i -> true)", ""),
        ("forall i in 2 .. 3 : (y == i -> true)", "y == i"),
        ("forall i in 0 .. 1 : (y == i -> (y == i + 2 -> true))", "y == i + 2"),
        ("forall i in 0 .. 1 : forall j in 0 .. 1 : (y == i and y == j -> true)", ""),
        ("asks(1) and asks(0)", ""),
        ("asks(1) and asks(3)", "y == n"),
        ("asks(3) and asks(1)", "y == n"),
        ("forall v in none : (dead(v) -> y == 3)", "dead(v)"),
        ("forall v in none : (forall i in 0 .. 1 : (y == i -> dead(v)) and true)", "y == i"),
        ("forall v in none : dead(v)", ""),
        ("p->x == 1 -> true", "p->x == 1"),
        ("y == 3 or true", ""),
    ],
)
def test_vacuous_implications(tmp_path: Path, formula: str, vacuous: str) -> None:
    """An implication whose left side never holds, wherever it stands; instances of a macro are different ones."""
    model = "struct S { marked int 0..3 x; };\nS s;\nS *p = NULL;\nthread t { y = 1; }\nthread none[0] { skip; }"
    spec = f"define asks(n) = (y == n -> true);\ninvariant i : {formula};\ncheck c : i;\n"
    report = run(tmp_path, model, spec, Options(exclude=("race",)))
    result = next(r for r in report.results if r.prop == "i")
    if formula.startswith("p->"):
        assert word(result.verdict) is Word.VIOLATED  # reads through NULL
        return
    assert word(result.verdict) is (Word.VACUOUS if vacuous else Word.HOLDS)
    assert vacuous in getattr(result.verdict, "reason", "")


@pytest.mark.parametrize("engine", ENGINES)
def test_properties_through_null(tmp_path: Path, engine: str) -> None:
    """Without a meaning an invariant and a never are violated and a cover is not covered."""
    model = "struct S { marked int 0..3 x; };\nS s;\nS *p = NULL;\nthread t { y = 1; }"
    spec = "invariant i : p->x == 0;\nnever n : p->x == 9;\ncover c : p->x == 0;\ncover d : !(p->x == 0);\n"
    spec += "invariant guarded : p != NULL -> p->x == 0;\ncheck all_of : all;\n"
    found = words(run(tmp_path, model, spec))
    assert [found[name] for name in ("i", "n", "c", "d", "guarded")] == [
        Word.VIOLATED,
        Word.VIOLATED,
        Word.UNREACHABLE,
        Word.UNREACHABLE,
        Word.VACUOUS,
    ]


def test_implicit_check(tmp_path: Path) -> None:
    """Properties that no check names run under `default`, together with the sanitizers of an untimed check."""
    report = run(tmp_path, "thread t { y = 1; }", "never a : y == 2;\nnever b : y == 3;\ncheck c : a;\n")
    names = [result.identity for result in report.results]
    assert names[:2] == ["m/c/a", "m/default/b"]
    assert {n.split("/")[2] for n in names[2:]} == set(SANITIZERS) - {"unreachable", "zeno"}
    report = run(tmp_path, "thread t { y = 1; }", "never a : y == 2;\ncheck c : all;\n")
    assert [result.identity for result in report.results] == ["m/c/a"]


def test_unnamed_sanitizers(tmp_path: Path) -> None:
    """They must find nothing, unless `without` lists them; an expectation is not about them."""
    spec = "never a : y == 2;\ncheck c : a expect holds;\ncheck d : a without uninit expect holds;\n"
    report = run(tmp_path, SOFT["uninit"], spec)
    assert {r.identity: r.ok for r in report.results if r.prop == "uninit"} == {"m/c/uninit": False}
    report = run(tmp_path, SOFT["uninit"], "check e : uninit expect violated;\n")
    assert [(r.identity, r.ok) for r in report.results] == [("m/e/uninit", True)]


def _ok(report: Report) -> list[tuple[bool, str]]:
    return [(result.ok, result.note) for result in report.results]


def test_place_of_a_violation(tmp_path: Path) -> None:
    """`at` names the place; another one, or none, fails and tells what was found."""
    model = 'thread t { y = 1 @ "mm/a.c:f"; y = 2 @ "mm/a.c:g"; y = 0; }'
    spec = 'never n : y == {};\ncheck c : n expect violated at "mm/a.c:{}";\n'
    assert _ok(run(tmp_path, model, spec.format(1, "f"))) == [(True, "")]
    assert _ok(run(tmp_path, model, spec.format(2, "g"))) == [(True, "")]
    assert _ok(run(tmp_path, model, spec.format(2, "f"))) == [(False, "expected at mm/a.c:f, found at mm/a.c:g")]
    found = _ok(run(tmp_path, model, spec.format(0, "f")))
    assert found == [(False, "expected at mm/a.c:f, found at a place without reference")]


def test_place_of_dead_code(tmp_path: Path) -> None:
    """Dead code has no trace; its places are those of the statements."""
    model = 'thread t { y = 1 @ "mm/a.c:f"; if (y == 3) y = 2 @ "mm/a.c:g"; }'
    spec = 'check c : unreachable expect violated at "mm/a.c:{}";\n'
    assert _ok(run(tmp_path, model, spec.format("g"))) == [(True, "")]
    assert _ok(run(tmp_path, model, spec.format("f"))) == [(False, "expected at mm/a.c:f, found at mm/a.c:g")]


def test_each_instance_must_meet_it(tmp_path: Path) -> None:
    """A range over parameters: one instance that passes unexpectedly fails the check."""
    model = "param int N = 1 in 0 .. 3;\nthread t { y = N; }"
    report = run(tmp_path, model, "never n : y > 1;\ncheck c : n with N in 0 .. 3 expect violated;\n")
    assert [(r.identity, r.ok) for r in report.results] == [
        ("m/c/n[N=0]", False),
        ("m/c/n[N=1]", False),
        ("m/c/n[N=2]", True),
        ("m/c/n[N=3]", True),
    ]
    assert report.results[3].params == (("N", "3"),)


def test_one_search_for_each_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks at the same parameters share a search."""
    searches = []
    honest: Callable[..., object] = explore_generated

    def counted(*arguments: object) -> object:
        searches.append(arguments)
        return honest(*arguments)

    monkeypatch.setattr(explicit, "explore_generated", counted)
    model = "param int N = 1 in 0 .. 3;\nthread t { y = N; }"
    run(tmp_path, model, "never n : y > 3;\ncheck a : n with N = 1;\ncheck b : n with N in 1 .. 2;\ncheck c : race;\n")
    assert len(searches) == 3  # N=1, N=2, and as declared


@pytest.mark.parametrize("limits", [Limits(max_states=2), Limits(depth=1)])
def test_nothing_is_left_out_silently(tmp_path: Path, limits: Limits) -> None:
    """After a limit the report tells of no dead code, and sanitizers that nobody named are shown as unknown."""
    spec = "cover one : y == 1;\ncheck c : one expect covered;\n"
    report = run(tmp_path, "thread t { y = 1; y = 2; y = 3; }", spec, Options(limits=limits))
    assert report.dead_code == ()
    assert words(report)["one"] is Word.COVERED
    assert words(report)["race"] is Word.UNKNOWN
    assert not any(isinstance(r.verdict, Holds) for r in report.results)


def test_selecting_nothing(tmp_path: Path) -> None:
    """Each glob must match something, or it is an error."""
    for options in (
        Options(select=("gone",)),
        Options(select=("race", "gone")),
        Options(exclude=("gone",)),
        Options(select=("race",), exclude=("race",)),
        Options(without=frozenset(SANITIZERS)),
    ):
        with pytest.raises(OomcheckError) as caught:
            run(tmp_path, "thread t { y = 1; }", "", options)
        assert [d.code for d in caught.value.diagnostics] == ["E0006"]


def test_parameters_of_the_report(tmp_path: Path) -> None:
    """Of the one setting that was searched, else those of the model."""
    model = "param int N = 1 in 0 .. 3;\nthread t { y = N; }"
    report = run(tmp_path, model, "never n : y > 3;\ncheck a : n with N = 2;\n")
    assert (report.params, report.chosen) == ((("N", "2"),), ("N",))
    report = run(tmp_path, model, "never n : y > 3;\ncheck a : n with N in 2 .. 3;\n")
    assert (report.params, report.chosen) == ((("N", "1"),), ())


def test_order_and_kinds(tmp_path: Path) -> None:
    """Rows stand in the order of the spec, whatever the order of the searches."""
    model = "param int N = 1 in 0 .. 3;\nthread t { y = N; }"
    spec = "never n : y > 3;\ninvariant i : y < 3;\n"
    spec += "check a : n with N = 2;\ncheck b : i with N = 1;\ncheck c : i, n with N = 2;\n"
    report = run(tmp_path, model, spec)
    assert [r.identity for r in report.results] == ["m/a/n", "m/b/i", "m/c/i", "m/c/n"]
    assert [r.kind for r in report.results] == ["never", "invariant", "invariant", "never"]


def test_repetitions(tmp_path: Path) -> None:
    """A property or a value named twice counts once."""
    model = "param int N = 1 in 0 .. 3;\nparam enum E { A, B } = A;\nthread t { y = N; }"
    report = run(tmp_path, model, "never n : y > 3;\ncheck a : n, n with E in { A, A };\n")
    assert [r.identity for r in report.results] == ["m/a/n[E=A]"]


def _result(report: Report, prop: str) -> Result:
    return next(r for r in report.results if r.prop == prop)


def test_accepted_rest(tmp_path: Path) -> None:
    """deadlock_free names the rest that is meant; the sanitizer does not know it."""
    spec = "deadlock_free f except y == 1;\ndeadlock_free g except y == 2;\ncheck a : f, g, deadlock;\n"
    report = run(tmp_path, SOFT["deadlock"], spec)
    assert [word(_result(report, p).verdict) for p in ("f", "g", "deadlock")] == [
        Word.HOLDS,
        Word.VIOLATED,
        Word.VIOLATED,
    ]


def test_time_is_for_all_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search gets what the ones before have left; the reason names the limit that was asked for."""
    honest: Callable[..., object] = explore_generated
    given: list[float] = []

    def watched(*arguments: object) -> object:
        limits = arguments[2]
        assert isinstance(limits, Limits)
        assert limits.timeout is not None
        given.append(limits.timeout)
        found = honest(*arguments)
        assert isinstance(found, Exploration)
        return replace(found, stopped=f"time limit {limits.timeout:g} s") if len(given) == 3 else found

    monkeypatch.setattr(explicit, "explore_generated", watched)
    model = "param int N = 1 in 0 .. 3;\nthread t { y = N; }"
    report = run(
        tmp_path, model, "never n : y > 3;\ncheck a : n with N in 0 .. 2;\n", Options(limits=Limits(timeout=60))
    )
    assert 60 > given[0] > given[1] > given[2] > 0
    assert [getattr(r.verdict, "reason", "") for r in report.results if r.prop == "n"][2].startswith("time limit 60 s")
