"""Specs: checks and their instances, properties over the states of a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.lang.elaborate import Elaborated, load_model
from oomcheck.lang.load import read_files, read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.spec import MAX_INSTANCES, Check, Spec, plan, provisional, typed_properties
from oomcheck.prop.property import SANITIZERS, Kind, Property
from oomcheck.semantics.evaluate import evaluate
from tests.cli.samples import put

MODEL = """model m;
param int N = 1 in 1 .. 4;
param int LOW = 0 in -3 .. 3;
param bool ON = false;
param enum FIX { BASE, V5, V10 } = BASE;
marked int -9..9 x = 2;
marked bool up;
ghost int 0..3 seen;
struct S { marked int 0..3 v = 1; };
S s[2];
S *p = NULL;
flags w { BIT };
thread t[N] {
	here: x = N;
	seen++;
	x = LOW;
}
"""


def planned(folder: Path, text: str, fixed: dict[str, int | str] | None = None) -> Spec:
    """The plan of a spec for the model."""
    base = load_model(put(folder, "m.oom", MODEL), fixed or {})
    tree, _ = read_spec(put(folder, "m.oomspec", 'spec for "m.oom";\nnever p : x == 7;\n' + text))
    return plan(tree, str(folder / "m.oomspec"), base, fixed or {})


def only(spec: Spec) -> Check:
    """The one check besides the implicit one."""
    (check,) = (check for check in spec.checks if check.name != "default")
    return check


@pytest.mark.parametrize(
    ("bindings", "instances", "ranged"),
    [
        ("", [{}], ()),
        ("with N = 2", [{"N": 2}], ()),
        ("with N = 1 + 1", [{"N": 2}], ()),
        ("with N in 2 .. 4", [{"N": 2}, {"N": 3}, {"N": 4}], ("N",)),
        ("with N in 2 .. 2", [{"N": 2}], ("N",)),
        ("with LOW in -2 .. -1", [{"LOW": -2}, {"LOW": -1}], ("LOW",)),
        ("with FIX = V5", [{"FIX": 1}], ()),
        ("with FIX in { V10, BASE }", [{"FIX": 2}, {"FIX": 0}], ("FIX",)),
        ("with FIX in { V5, V5 }", [{"FIX": 1}], ("FIX",)),
        ("with ON = true", [{"ON": 1}], ()),
        (
            "with N in 1 .. 2, FIX in { BASE, V5 }, ON = true",
            [{"N": n, "FIX": f, "ON": 1} for n in (1, 2) for f in (0, 1)],
            ("N", "FIX"),
        ),
    ],
)
def test_instances(tmp_path: Path, bindings: str, instances: list[dict[str, int]], ranged: tuple[str, ...]) -> None:
    """Each combination of values is an instance; ranged parameters tell them apart."""
    check = only(planned(tmp_path, f"check c : p {bindings};\n"))
    assert [dict(instance) for instance in check.instances] == instances
    assert check.ranged == ranged


@pytest.mark.parametrize(
    ("bindings", "code"),
    [
        ("with N = 9", "E0005"),
        ("with N in 3 .. 9", "E0005"),
        ("with N in 3 .. 2", "E0406"),
        ("with M = 1", "E0004"),
        ("with N = 1, N = 2", "E0202"),
        ("with FIX = 1", "E0203"),
        ("with ON = 1", "E0203"),
        ("with N = BASE", "E0203"),
        ("with N = x", "E0216"),
        ("expect covered", "E0405"),
        ("expect unreachable", "E0405"),
        ('expect holds at "mm/a.c:f"', "E0405"),
        ("without gone", "E0403"),
    ],
)
def test_wrong_checks(tmp_path: Path, bindings: str, code: str) -> None:
    """What a check says must fit the model and the property."""
    with pytest.raises(OomcheckError) as caught:
        planned(tmp_path, f"check c : p {bindings};\n")
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_all_errors_at_once(tmp_path: Path) -> None:
    """Each wrong check is told, not only the first."""
    with pytest.raises(OomcheckError) as caught:
        planned(tmp_path, "check a : q;\ncheck b : p with N = 7;\ncheck c : p without gone;\n")
    assert [d.code for d in caught.value.diagnostics] == ["E0403", "E0005", "E0403"]


def test_too_many_instances(tmp_path: Path) -> None:
    """Ranges multiply; beyond a bound that is an error and not a long wait."""
    model = "model m;\nparam int A = 0 in 0 .. 99;\nparam int B = 0 in 0 .. 99;\nthread t { skip; }\n"
    base = load_model(put(tmp_path, "m.oom", model), {})
    text = 'spec for "m.oom";\nnever p : A > 99;\ncheck c : p with A in 0 .. 99, B in 0 .. 99;\n'
    tree, _ = read_spec(put(tmp_path, "m.oomspec", text))
    with pytest.raises(OomcheckError, match=str(MAX_INSTANCES)):
        plan(tree, "m.oomspec", base, {})


def test_command_line_wins(tmp_path: Path) -> None:
    """A parameter fixed from outside is no axis of any check."""
    check = only(planned(tmp_path, "check c : p with N in 1 .. 4, ON = true;\n", {"N": "3"}))
    assert ([dict(i) for i in check.instances], check.ranged) == ([{"ON": 1}], ())


def test_what_checks_say(tmp_path: Path) -> None:
    """Properties, exceptions, expectation, and reason; `all` is every property; a repetition counts once."""
    text = 'invariant q : true;\ncheck c : p, race, p without null, range expect violated because "so it is";\n'
    check = only(planned(tmp_path, text))
    assert check.properties == ("p", "race")
    assert check.without == {"null", "range"}
    assert (check.expect, check.at, check.because) == ("violated", "", "so it is")
    assert only(planned(tmp_path, "invariant q : true;\ncheck c : all;\n")).properties == ("p", "q")


def test_implicit_check(tmp_path: Path) -> None:
    """It takes what is left, with all sanitizers; there is none if nothing is left."""
    sanitizers = tuple(name for name in SANITIZERS if name != "unreachable")
    assert [c.name for c in planned(tmp_path, "check c : p;\n").checks] == ["c"]
    assert [c.name for c in planned(tmp_path, "check c : race;\n").checks] == ["c", "default"]
    (default,) = planned(tmp_path, "invariant q : true;\n").checks
    assert default.properties == ("p", "q", *sanitizers)
    assert [dict(i) for i in default.instances] == [{}]


def test_provisional_values(tmp_path: Path) -> None:
    """A parameter without any value has one of a check to plan with."""
    model = "model m;\nparam int N >= 1;\nparam int M >= 1;\nparam int K = 1 in 1 .. 2;\nthread t[N] { skip; }\n"
    files = read_files(put(tmp_path, "m.oom", model))
    text = 'spec for "m.oom";\ncheck a : race with K = 2, N in 3 .. 4;\ncheck b : race with N = 1, M = 2;\n'
    tree, _ = read_spec(put(tmp_path, "m.oomspec", text))
    assert [b.name.text for b in provisional(files, [tree], {})] == ["N", "M"]
    assert [b.name.text for b in provisional(files, [tree], {"N": 1})] == ["M"]
    assert provisional(files, [], {}) == []


def typed(folder: Path, text: str) -> tuple[Elaborated, dict[str, Property], tuple[int, ...], dict[str, int]]:
    """Properties of a spec, with the initial state to evaluate them in."""
    elaborated = load_model(put(folder, "m.oom", MODEL), {})
    lowered = lower(elaborated)
    tree, _ = read_spec(put(folder, "m.oomspec", 'spec for "m.oom";\n' + text))
    return elaborated, typed_properties(tree, lowered), lowered.system.initial, lowered.system.slot


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("x == 2 and !up", 1),
        ("x > 2 or seen > 0", 0),
        ("t[0] at here", 1),
        ("dead(t[0])", 0),
        ("exists v in t : v at here", 1),
        ("forall v in threads : dead(v)", 0),
        ("(count i in 0 .. 1 : (s[i].v == 1)) == 2", 1),
        ("forall o in s : o->v == 1", 1),
        ("FIX == BASE and N == 1 and not ON", 1),
        ("test_bit(BIT, w)", 0),
        ("p == NULL", 1),
        ("small(x) and small(1)", 1),
        ("up implies false", 1),
        ("x in_range 1 .. 3", None),
    ],
)
def test_formulas(tmp_path: Path, formula: str, value: int | None) -> None:
    """Properties read variables, ghosts, labels, threads, objects and parameters; macros of the spec take arguments."""
    text = f"define small(v) = v < 3;\ninvariant i : {formula};\n"
    if value is None:
        with pytest.raises(OomcheckError):
            typed(tmp_path, text)
        return
    _, found, initial, slot = typed(tmp_path, text)
    assert evaluate(found["i"].formula, initial, slot) == value
    assert evaluate(found["i"].defined, initial, slot) == 1


def test_undefined(tmp_path: Path) -> None:
    """A formula that reads through NULL or outside of an array is not defined there."""
    text = "invariant i : p->v == 1;\ninvariant j : p != NULL and p->v == 1;\ninvariant k : s[x].v == 1;\n"
    _, found, initial, slot = typed(tmp_path, text)
    assert [evaluate(found[name].defined, initial, slot) for name in "ijk"] == [0, 1, 0]


def test_parts(tmp_path: Path) -> None:
    """Kind, sentence, text, antecedents and conjuncts of each property."""
    text = (
        'invariant i "a sentence" : (x == 1 ->\n  up) and (up -> (x == 2 -> x == 3)) and x < 9;\n'
        "lemma l : forall v in 0 .. 2 : (x == v -> up);\nnever n : x == 1 -> up;\ncover c : x == 1;\n"
        "deadlock_free d except up;\ndeadlock_free e;\n"
    )
    _, found, initial, slot = typed(tmp_path, text)
    kinds = [Kind.INVARIANT, Kind.LEMMA, Kind.NEVER, Kind.COVER, Kind.DEADLOCK_FREE, Kind.DEADLOCK_FREE]
    assert [p.kind for p in found.values()] == kinds
    invariant = found["i"]
    assert invariant.sentence == "a sentence"
    assert invariant.text == "(x == 1 -> up) and (up -> (x == 2 -> x == 3)) and x < 9"
    assert [part.text for part in invariant.antecedents] == ["x == 1", "up", "x == 2"]
    assert [part.text for part in invariant.conjuncts] == ["x == 1", "up", "up", "x == 2", "x == 3", "x < 9"]
    assert [part.text for part in found["l"].antecedents] == ["x == v"]
    assert evaluate(found["l"].antecedents[0].formula, initial, slot) == 1  # for v = 2
    assert [found[name].antecedents for name in "ncde"] == [()] * 4
    assert evaluate(found["d"].rest, initial, slot) == evaluate(found["e"].rest, initial, slot) == 0


def test_errors_of_all_properties(tmp_path: Path) -> None:
    """Each wrong property is told."""
    with pytest.raises(OomcheckError) as caught:
        typed(tmp_path, "invariant a : gone;\nnever b : x;\ncover c : t at nowhere;\ndeadlock_free d except x;\n")
    assert len(caught.value.diagnostics) == 4
