"""Properties about runs as the engines get them: formulas, fairness, limits, and the reading of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import Check, mode_of, plan, typed_properties
from oomcheck.prop import formula as f
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, FairnessKind, Liveness, Response
from oomcheck.semantics.evaluate import evaluate
from tests.cli.samples import put

MODEL = """model m;
const HZ = 10;
marked bool a;
marked bool b;
marked bool c;
marked int 0..3 X;
struct S { marked bool next; };
S s;
spinlock l;
timer tick = expired;
softirq expired() { skip; }
process P[2] {
	thread reader[2] { idle: a = true; }
}
thread victim[2] weak {
	first: spin_lock(l) cost contention;
	spin_unlock(l);
	second: b = true;
	second_too: b = false;
}
kthread reaper daemon { loop { c = true; } }
env user_space { mod_timer(tick, jiffies + 1); }
"""


def found(folder: Path, text: str, model: str = MODEL) -> Lowered:
    """The model, lowered without time; the spec is put beside it."""
    put(folder, "m.oomspec", 'spec for "m.oom";\n' + text)
    return lower(load_model(put(folder, "m.oom", model), {}))


def typed(folder: Path, text: str) -> tuple[Property, Lowered]:
    """The one property of a spec."""
    lowered = found(folder, text)
    tree, _ = read_spec(folder / "m.oomspec")
    (prop,) = typed_properties(tree, lowered).values()
    return prop, lowered


def written(formula: f.Formula, names: dict[object, str]) -> str:
    """A formula with all its parentheses, in the operators of its type."""
    match formula:
        case f.Atom(condition=condition):
            return names.get(condition, "?")
        case f.Not(arg=arg):
            return f"!{written(arg, names)}"
        case f.Next(arg=arg):
            return f"X{written(arg, names)}"
        case f.And(left=left, right=right):
            return f"({written(left, names)} & {written(right, names)})"
        case f.Or(left=left, right=right):
            return f"({written(left, names)} | {written(right, names)})"
        case f.Until(left=left, right=right):
            return f"({written(left, names)} U {written(right, names)})"
        case f.Release(left=left, right=right):
            return f"({written(left, names)} R {written(right, names)})"


def meaning(folder: Path, formula: str) -> str:
    """What a formula over a, b and c is read as; `F x` is (1 U x), `G x` is (0 R x)."""
    prop, lowered = typed(folder, f"ltl n : {formula};\n")
    assert isinstance(prop.temporal, Liveness)
    variables = {v.name: v.var for v in lowered.system.variables}
    names: dict[object, str] = {variables[name]: name for name in "abc"}
    names |= {f.TOP.condition: "1", f.BOTTOM.condition: "0"}
    return written(prop.temporal.formula, names)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("F a", "(1 U a)"),
        ("<> a", "(1 U a)"),
        ("eventually a", "(1 U a)"),
        ("G a", "(0 R a)"),
        ("[] a", "(0 R a)"),
        ("always a", "(0 R a)"),
        ("X a", "Xa"),
        ("next a", "Xa"),
        ("a U b", "(a U b)"),
        ("a until b", "(a U b)"),
        ("a R b", "(a R b)"),
        ("a release b", "(a R b)"),
        ("a W b", "(b R (a | b))"),
        ("a weak_until b", "(b R (a | b))"),
        ("a U b U c", "(a U (b U c))"),
        ("a U b R c", "(a U (b R c))"),
        ("X a U b", "(Xa U b)"),
        ("! X a", "!Xa"),
        ("not X a U b", "(!Xa U b)"),
        ("!X !X a", "!X!Xa"),
        ("a U b && c", "((a U b) & c)"),
        ("a && b U c", "(a & (b U c))"),
        ("X a && b || c", "((Xa & b) | c)"),
        ("X a -> X b -> c", "(!Xa | (!Xb | c))"),
        ("X a or b -> c", "(!(Xa | b) | c)"),
        ("a <-> b", "((a & b) | (!a & !b))"),
        ("a -> X b <-> c", "(((!a | Xb) & c) | (!(!a | Xb) & !c))"),
        ("G F a -> G F b", "(!(0 R (1 U a)) | (0 R (1 U b)))"),
        ("G (a implies F b)", "(0 R (!a | (1 U b)))"),
        ("(a U b) U c", "((a U b) U c)"),
        ("forall i in 0 .. 1 : F a", "((1 U a) & (1 U a))"),
        ("exists i in 0 .. 1 : G a", "((0 R a) | (0 R a))"),
        ("forall i in 1 .. 0 : F a", "1"),
        ("exists i in 1 .. 0 : F a", "0"),
    ],
)
def test_formulas(tmp_path: Path, formula: str, expected: str) -> None:
    """Precedence: unary over until over and over or over implication over equivalence."""
    assert meaning(tmp_path, formula) == expected


def test_letters_are_names_elsewhere(tmp_path: Path) -> None:
    """X, next and the like are operators in formulas only, and members keep their names there too."""
    prop, _ = typed(tmp_path, "ltl n : G (s.next -> F s.next);\n")
    assert [part.text for part in prop.antecedents] == ["s.next"]
    prop, _ = typed(tmp_path, "invariant n : X < 3 and (forall U in 0 .. 1 : X >= 0);\n")
    assert prop.kind is Kind.INVARIANT


def test_quantifiers_bind_their_variable(tmp_path: Path) -> None:
    """Each instance of a quantified formula is about its own thread."""
    prop, lowered = typed(tmp_path, "ltl n : forall t in victim : F dead(t);\n")
    assert isinstance(prop.temporal, Liveness)
    both = prop.temporal.formula
    assert isinstance(both, f.And)
    conditions = []
    for part in (both.left, both.right):
        assert isinstance(part, f.Until)
        assert isinstance(part.right, f.Atom)
        conditions.append(part.right.condition)
    system = lowered.system
    for number, name in enumerate(("victim[0]", "victim[1]")):
        process = next(i for i, p in enumerate(system.processes) if p.name == name)
        done = system.processes[process].done
        assert done is not None
        state = list(system.initial)
        state[system.slot[system.processes[process].pc]] = done
        assert [bool(evaluate(c, tuple(state), system.slot)) for c in conditions] == [number == 0, number == 1]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("leads_to n : a && b ~> c;", ["a && b"]),
        ("within n : a ~> c within 3;", ["a"]),
        ("bound n : sup time(a ~> c);", ["a"]),
        ("bound n : max contention;", []),
        ("ltl n : G (a -> F b);", ["a"]),
        ("ltl n : G (a -> b);", ["a"]),
        ("ltl n : G (a -> (b -> F c));", ["a", "b"]),
        ("ltl n : G ((a -> F b) && (b -> F c));", ["a", "b"]),
        ("ltl n : (forall t in victim : G (t at first -> F dead(t)));", ["t at first"]),
        ("ltl n : G (forall t in victim : t at first -> dead(t) U b);", ["t at first"]),
        ("ltl n : a -> F b;", []),
        ("ltl n : G (F a -> b);", []),
        ("ltl n : F (a -> X b);", []),
    ],
)
def test_antecedents(tmp_path: Path, formula: str, expected: list[str]) -> None:
    """What must hold somewhere, or the property is vacuous."""
    assert [part.text for part in typed(tmp_path, formula + "\n")[0].antecedents] == expected


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("leads_to n : a  ~> b fair weak(all)", "a ~> b"),
        ("ltl n : G (a ->\n F b) fair strong(all)", "G (a -> F b)"),
        ("within n : a ~> b within 2 * HZ", "a ~> b within 2 * HZ"),
        ("bound n : max contention <= 1", "max contention <= 1"),
        ("bound n : max contention", "max contention"),
        ("bound n : sup time(a ~> b) <= 3", "sup time(a ~> b) <= 3"),
        ("bound n : sup time ( a ~> b )", "sup time(a ~> b)"),
    ],
)
def test_text(tmp_path: Path, formula: str, text: str) -> None:
    """The text of a property is the formula as it is written."""
    assert typed(tmp_path, formula + ";\n")[0].text == text


READERS = [f"P[{p}].reader[{r}]" for p in range(2) for r in range(2)]
VICTIMS = ["victim[0]", "victim[1]"]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("", {}),
        ("weak(reaper)", {"reaper": "weak"}),
        ("strong(reaper), weak(reaper)", {"reaper": "strong"}),
        ("weak(P)", dict.fromkeys(READERS, "weak")),
        ("weak(P[1])", dict.fromkeys(READERS[2:], "weak")),
        ("strong(P[1].reader)", dict.fromkeys(READERS[2:], "strong")),
        ("strong(P[0].reader[1])", {READERS[1]: "strong"}),
        ("weak(user_space, expired)", {"user_space": "weak", "expired": "weak"}),
        ("weak(all)", dict.fromkeys([*READERS, "reaper", "expired"], "weak")),
        ("strong(victim)", dict.fromkeys(VICTIMS, "strong")),
        ("strong(victim[1])", {"victim[1]": "strong"}),
        ("weak(threads)", dict.fromkeys([*READERS, "reaper", "user_space", "expired"], "weak")),
    ],
)
def test_fairness(tmp_path: Path, clause: str, expected: dict[str, str]) -> None:
    """One assumption for each thread, about all its steps; the attributes of the model are added."""
    prop, lowered = typed(tmp_path, f"leads_to n : a ~> b {'fair ' * bool(clause)}{clause};\n")
    assert isinstance(prop.temporal, Liveness)
    everyone = {**dict.fromkeys(VICTIMS, "weak"), **expected}
    assert {one.name: one.kind.value for one in prop.temporal.fairness} == everyone
    assert len(prop.temporal.fairness) == len(everyone)
    for one in prop.temporal.fairness:
        process = next(i for i, p in enumerate(lowered.system.processes) if p.name == one.name)
        assert one.steps == {step.index for step in lowered.system.transitions if step.process == process}


def test_fairness_at_a_label(tmp_path: Path) -> None:
    """Fairness to the steps that start at a label, beside what the model says about the whole thread."""
    prop, lowered = typed(tmp_path, "ltl n : F b fair strong(victim at second, victim[0] at first);\n")
    assert isinstance(prop.temporal, Liveness)
    found = {one.name: one for one in prop.temporal.fairness}
    assert sorted(found) == [
        *("victim[0]", "victim[0] at first", "victim[0] at second", "victim[1]", "victim[1] at second"),
    ]
    texts = {name: {lowered.system.transitions[step].action.text for step in one.steps} for name, one in found.items()}
    assert texts["victim[0] at first"] == {"spin_lock(l)"}
    assert texts["victim[1] at second"] == {"b = true"}
    assert len(found["victim[0]"].steps) == 4
    assert found["victim[0]"].kind is FairnessKind.WEAK
    assert found["victim[0] at first"].kind is FairnessKind.STRONG


# ---------------------------------------------------------------- limits and readings


def checked(folder: Path, text: str, slack: str = "") -> tuple[Check, Mode, dict[str, Property]]:
    """The check `c` of a spec with its mode and properties; `slack` stands at all threads."""
    model = MODEL.replace("weak {", f"weak {slack} {{").replace("] { idle", f"] {slack} {{ idle")
    model = model.replace("daemon {", f"daemon {slack} {{")
    found(folder, text, model)
    base = load_model(folder / "m.oom", {})
    tree, _ = read_spec(folder / "m.oomspec")
    spec = plan(tree, "m.oomspec", base, {})
    check = next(check for check in spec.checks if check.name in ("c", "default"))
    mode = mode_of(check, base)
    return check, mode, typed_properties(tree, lower(base, mode))


SOON = "within n : a ~> b within 2 * HZ + slack;\n"


@pytest.mark.parametrize(
    ("text", "slack", "mode"),
    [
        ("invariant n : not a;\n", "", Mode()),
        ("invariant n : not a;\n", "slack any", Mode()),
        ("invariant n : not a;\n", "slack 2", Mode(timed=True)),
        ("invariant n : not a;\ncheck c : n untimed;\n", "slack 2", Mode()),
        ("invariant n : not a;\ncheck c : n timed;\n", "", Mode(timed=True)),
        ("invariant n : not a;\ncheck c : n timed slack 3;\n", "", Mode(timed=True, slack=3)),
        ("bound n : max contention;\n", "", Mode(costs=frozenset({"contention"}))),
        ("bound n : max contention;\ncheck c : deadlock;\n", "", Mode()),
        (SOON + "check c : n timed slack HZ / 5;\n", "", Mode(timed=True, slack=2)),
        (SOON + "check c : n;\n", "slack 3", Mode(timed=True)),
        ("bound n : sup time(a ~> b);\ncheck c : n;\n", "slack any", Mode(timed=True)),
    ],
)
def test_readings(tmp_path: Path, text: str, slack: str, mode: Mode) -> None:
    """A check is timed if it says so, if a thread declares a finite slack, or if it bounds a time."""
    assert checked(tmp_path, text, slack)[1] == mode


@pytest.mark.parametrize(
    ("text", "slack", "limit"),
    [
        (SOON + "check c : n timed slack 2;\n", "", 22),
        (SOON + "check c : n;\n", "slack 3", 23),
        (SOON + "check c : n timed slack 1;\n", "slack 3", 21),
        ("within n : a ~> b within HZ;\ncheck c : n timed slack 1;\n", "", 10),
        ("bound n : sup time(a ~> b) <= slack;\ncheck c : n timed slack 1;\n", "", 1),
        ("bound n : sup time(a ~> b);\ncheck c : n timed slack 1;\n", "", None),
    ],
)
def test_limits(tmp_path: Path, text: str, slack: str, limit: int | None) -> None:
    """Limits are in ticks; `slack` in them is that of the check, else the largest one declared."""
    _, _, properties = checked(tmp_path, text, slack)
    assert isinstance(properties["n"].temporal, Response)
    assert properties["n"].temporal.limit == limit


def test_slack_of_nobody(tmp_path: Path) -> None:
    """Where all threads may be late for ever, a limit cannot add their slack."""
    with pytest.raises(OomcheckError) as caught:
        checked(tmp_path, SOON + "check c : n;\n", "slack any")
    assert [d.code for d in caught.value.diagnostics] == ["E0407"]


def test_limit_with_slack_without_time(tmp_path: Path) -> None:
    """A property that only timed checks can ask for does not stand in the way of the others."""
    _, _, properties = checked(tmp_path, SOON + "invariant i : true;\ncheck c : i;\ncheck d : n timed slack 1;\n")
    assert list(properties) == ["i"]


def test_costs_and_values(tmp_path: Path) -> None:
    """What a check needs to know of its bounds."""
    text = "bound n : max contention <= 2;\nbound m : max contention;\ncheck c : n, m expect holds value 1 + 1;\n"
    check, mode, properties = checked(tmp_path, text)
    assert (check.value, check.costs) == (2, frozenset({"contention"}))
    assert (check.bounded, check.timing) == ((), "")
    assert mode.costs == {"contention"}
    assert [properties[name].temporal for name in "nm"] == [CostBound("contention", 2), CostBound("contention")]


def test_slack_at_threads(tmp_path: Path) -> None:
    """A thread that says nothing has the slack of the check; `slack any` and a number win over it."""
    model = "model m;\nthread a { skip; }\nthread b slack any { skip; }\nthread c slack 1 { skip; }\n"
    base = load_model(put(tmp_path, "m.oom", model), {})
    assert [p.slack for p in lower(base, Mode(timed=True, slack=3)).system.processes] == [3, None, 1]
