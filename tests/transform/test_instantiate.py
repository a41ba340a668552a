"""A parametric system at a number is the system of the model at that number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import assume, given

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.expr import Quantified
from oomcheck.ir.sorts import ArraySort
from oomcheck.ir.system import Role, TransitionSystem
from oomcheck.ir.walk import subexpressions
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import read_files, read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, Property, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics.search import explore
from oomcheck.transform.clock import clocked
from oomcheck.transform.instantiate import instantiated
from tests import programs
from tests.cli.samples import put

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"

WALKS = """model m;
param int N >= 1;
param bool ALL = true;
const LAST = ALL ? N - 1 : N - 2;
struct vma { spinlock ptl; bool mapped = true; flags f { ONE, TWO } = { TWO }; bool two[2]; };
vma v[N];
marked bool zapped[N];
define all = forall i in 0 .. N - 1 : zapped[i];
void unmap(int i) {
	spin_lock(v[i].ptl);
	v[i].mapped = false;
	v[i].two[1] = true;
	set_bit(ONE, v[i].f);
	zapped[i] = true;
	spin_unlock(v[i].ptl);
}
thread up {
	int seen = 0;
	for (i in 0 .. N - 1) { unmap(i); seen++; }
	assert seen == N;
	await all;
}
kthread down { for (i in LAST down to 0) unmap(i); }
"""
WALKS_SPEC = """spec for "m.oom";
never both : all and N == 2;
invariant excluded : forall x in 0 .. N - 1 : holds(up, v[x].ptl) -> !holds(down, v[x].ptl);
invariant kept : forall p in v : p->mapped -> test_bit(TWO, p->f);
invariant waited : forall x in 0 .. N - 1 : waits(up, v[x].ptl) -> holds(down, v[x].ptl);
cover waits_once : exists x in 0 .. N - 1 : waits(up, v[x].ptl);
never too_far : exists x in 0 .. N : v[x].two[1] and all;
"""

FREED = """model m;
param int N >= 1;
param bool LOCKED = true;
struct vma { bool mapped = true; };
vma v[N];
mutex m;
bool gone;
thread exits {
	mutex_lock(m);
	gone = true;
	for (i in 0 .. N - 1) kfree(&v[i]);
	mutex_unlock(m);
}
thread reaps {
	if (LOCKED) mutex_lock(m);
	if (!gone)
		for (i in N - 1 down to 0) v[i].mapped = false;
	if (LOCKED) mutex_unlock(m);
}
"""
FREED_SPEC = """spec for "m.oom";
invariant none : dead(exits) -> (forall i in 0 .. N - 1 : !alive(&v[i]));
never partly : (exists i in 0 .. N - 1 : alive(&v[i])) and (exists i in 0 .. N - 1 : !alive(&v[i]));
"""

LISTED = """model m;
param int N >= 1;
struct node { marked node *next; };
node n[N];
marked node *head;
marked int found;
thread builds {
	for (i in N - 1 down to 0) {
		node *old = head;
		n[i].next = old;
		head = &n[i];
	}
}
thread counts {
	node *p = head;
	while (p != NULL) {
		found++;
		p = p->next;
	}
}
"""
LISTED_SPEC = 'spec for "m.oom"; invariant few : found <= N; never whole : found == N and N > 1;'

WORDS = """model m;
param int N >= 1;
flags w[N] { A, B } = { B };
refcount r[N] = 1;
waitqueue q[N];
marked int 0..3 x[N][2];
ghost bool seen[N];
ghost bool g;
thread t {
	for (i in 0 .. N - 1) {
		wait_event(q[i], test_bit(A, w[i]));
		refcount_inc(r[i]);
		seen[i] = !seen[i];
		g = forall k in 0 .. N - 1 : seen[k] or g;
	}
}
env e {
	int i = 0;
	loop {
		atomic { x[i][1] = 2; set_bit(A, w[i]); }
		wake_up(q[i]);
		i++;
		if (i > N - 1)
			return;
	}
}
"""
WORDS_SPEC = """spec for "m.oom";
invariant counted : forall i in 0 .. N - 1 : refcount_read(r[i]) == 2 -> seen[i];
invariant whole : g -> (forall i in 0 .. N - 1 : seen[i]);
cover all_set : forall i in 0 .. N - 1 : x[i][1] == 2;
never over : exists i in 0 .. N - 1 : (exists k in 0 .. N - 1 : k < i and seen[i] and !seen[k]);
"""

RACES = """model m;
param int N >= 1;
int a[N];
marked int index;
thread w { a[index] = 1; for (i in 0 .. N - 1) a[i] = 2; }
thread r[2] { int k = index; if (k < N) a[k] = N; index = N - 1; }
"""
RACES_SPEC = 'spec for "m.oom"; invariant some : exists i in 0 .. N - 1 : a[i] != 1; never n : a[N - 1] == 2;'

PAUSES = """model m;
param int N >= 1;
bool a[N];
mutex l[N];
thread t[2] slack 0 {
	for (i in 0 .. N - 1) {
		mutex_lock(l[i]) cost met;
		delay(1 .. 2);
		a[i] = true;
		mutex_unlock(l[i]);
	}
}
"""
PAUSES_SPEC = 'spec for "m.oom"; never n : exists i in 0 .. N - 1 : a[i] and waits(t[0], l[i]);'

MODELS = {
    "walks": (WALKS, WALKS_SPEC),
    "freed": (FREED, FREED_SPEC),
    "listed": (LISTED, LISTED_SPEC),
    "words": (WORDS, WORDS_SPEC),
    "races": (RACES, RACES_SPEC),
    "pauses": (PAUSES, PAUSES_SPEC),
}
Values = Mapping[str, int | str]


def questions(
    model: Path, spec: Path | None, values: Values, open_name: str, number: int, mode: Mode
) -> tuple[tuple[TransitionSystem, list[Property]], tuple[TransitionSystem, list[Property]]]:
    """The model at a number by way of the parametric system, and as it is elaborated with it."""
    files = read_files(model, ())
    tree = read_spec(spec)[0] if spec is not None else None
    parametric = lower(elaborate(files, values, frozenset({open_name})), mode)
    finite = lower(elaborate(files, {**values, open_name: number}), mode)
    asked, wanted = (
        [p for p in typed_properties(tree, lowered).values() if p.kind not in ABOUT_RUNS] if tree is not None else []
        for lowered in (parametric, finite)
    )
    at_number, properties = instantiated(parametric.system, {open_name: number}, asked)
    return (at_number, list(properties)), (finite.system, wanted)


def explored(
    system: TransitionSystem, properties: Sequence[Property], sanitizers: Iterable[str] = SANITIZERS
) -> Exploration:
    """All reachable states, with what the sanitizers find."""
    return explore(system, [*map(sanitizer, sanitizers), *properties], Limits(max_states=5_000))


def facts(found: Exploration) -> tuple[object, ...]:
    """What a search tells of a system.

    Not which statements ran: what a thread does before its first access is part of the initial state only where all
    of it is known.
    """
    witnesses = {name: len(witness.steps) for name, witness in found.witnesses.items()}
    counts = found.states, found.transitions, found.depth, found.stopped
    return counts, witnesses, found.antecedents, found.halted


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_same_behaviour(name: str, number: int, tmp_path: Path) -> None:
    """The same states, steps, witnesses and findings; untimed and timed."""
    model, spec = put(tmp_path, "m.oom", MODELS[name][0]), put(tmp_path, "m.oomspec", MODELS[name][1])
    for mode in (UNTIMED, Mode(timed=True, costs=frozenset({"met"}))):
        found, expected = questions(model, spec, {}, "N", number, mode)
        if mode.timed:
            found, expected = (clocked(found[0]), found[1]), (clocked(expected[0]), expected[1])
        assert facts(explored(*found)) == facts(explored(*expected))


@pytest.mark.parametrize(
    ("name", "values", "number"),
    [("walks", {"ALL": "false"}, 1), ("walks", {"ALL": "false"}, 3), ("freed", {"LOCKED": "false"}, 2)],
)
def test_same_behaviour_at_other_values(name: str, values: Values, number: int, tmp_path: Path) -> None:
    """Parameters that have values decide what the model does, whether the other one is open or not."""
    model, spec = put(tmp_path, "m.oom", MODELS[name][0]), put(tmp_path, "m.oomspec", MODELS[name][1])
    found, expected = questions(model, spec, values, "N", number, UNTIMED)
    assert facts(explored(*found)) == facts(explored(*expected))


@pytest.mark.parametrize("fix", ["V6_17", "V4", "EXIT_FLAG", "V6_18"])
@pytest.mark.parametrize("number", [1, 2])
def test_traversal(fix: str, number: int) -> None:
    """The walkers of the models, in each direction."""
    model, spec = ROOT / "models" / "traversal.oom", ROOT / "specs" / "traversal.oomspec"
    values: Values = {"FIX": fix, "VMA_AT_TOP": "true"}
    found, expected = questions(model, spec, values, "NVMA", number, Mode(costs=frozenset({"contention"})))
    assert facts(explored(*found)) == facts(explored(*expected))


def in_corpus() -> list[object]:
    """Each size of an array in a model of the corpus."""
    cases: list[object] = []
    for path in sorted(CORPUS.rglob("*.oom")):
        text = path.read_text(encoding="utf-8")
        code = re.sub(r"//[^\n]*", lambda comment: " " * len(comment.group()), text)
        for place in re.finditer(r"^(?!.*\b(?:thread|kthread|env|process)\b).*\w(\[[1-9]\])( = [^;]*)?;", code, re.M):
            if not code[: place.start()].rstrip().endswith(")") and not place.group().startswith("\t"):
                cases.append(pytest.param(path, place.span(1), id=f"{path.parent.name}/{path.stem}"))
    return cases


def may_be_open(model: Path) -> bool:
    """Whether a model can be lowered without a value for its size; else it needs a number somewhere."""
    try:
        lower(elaborate(read_files(model, ()), {}, frozenset({"SIZE"})))
    except OomcheckError as refused:
        if {d.code for d in refused.diagnostics} == {"E0308"}:
            return False
        raise
    return True


@pytest.mark.parametrize(("path", "place"), in_corpus())
def test_corpus(path: Path, place: tuple[int, int], tmp_path: Path) -> None:
    """A model of the corpus where the size of an array, and each loop to its end, is open."""
    text = path.read_text(encoding="utf-8")
    size = int(text[place[0] + 1 : place[1] - 1])
    changed = text[: place[0]] + "[SIZE]" + re.sub(rf"\.\. {size - 1}\b", ".. SIZE - 1", text[place[1] :])
    model = re.sub(r"^(model [^;]*;)", rf"\1 param int SIZE >= {size};", changed, count=1, flags=re.M)
    if not may_be_open(put(tmp_path, "m.oom", model)):
        pytest.skip("needs a number")
    found, expected = questions(tmp_path / "m.oom", None, {}, "SIZE", size, UNTIMED)
    classes = any("#" in lock.name for lock in found[0].locks)
    asked = [name for name in SANITIZERS if name != "lockdep" or not classes]
    assert facts(explored(*found, asked)) == facts(explored(*expected, asked))


@given(text=programs.models())
def test_random_models(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A random model with two open sizes behaves at a number as it does with it.

    Not where a local is read before it is written: a reference into an array of open size has too many values to go on.
    """
    text = re.sub(r"\bsingle\b", "o[1]", text.replace("S single;\n", ""))
    text = text.replace("S o[2];", "S o[SIZE];").replace("marked int 0..2 a[2] =", "marked int 0..2 a[SIZE] =")
    text = re.sub(r"^(model [^;]*;)", r"\1 param int SIZE >= 2;", text, count=1, flags=re.M)
    assert text.count("[SIZE]") == 2
    model = put(tmp_path_factory.mktemp("random"), "m.oom", text)
    assume(may_be_open(model))
    found, expected = questions(model, None, {}, "SIZE", 2, UNTIMED)
    asked = [name for name in SANITIZERS if name != "lockdep"]
    after, before = explored(*found, asked), explored(*expected, asked)
    assume("uninit" not in before.witnesses and not before.stopped)
    assert facts(after) == facts(before)


NESTED = """model m;
param int N >= 2;
spinlock l[N];
void both(int first, int second) {
	spin_lock(l[first]);
	spin_lock(l[second]);
	spin_unlock(l[second]);
	spin_unlock(l[first]);
}
thread a { both(0, 1); }
thread b { both(CHOICE); }
"""


@pytest.mark.parametrize(("choice", "elements", "classes"), [("1, 0", True, True), ("0, 1", False, True)])
def test_order_of_locks_in_a_class(choice: str, elements: bool, classes: bool, tmp_path: Path) -> None:
    """Two threads that each hold two locks of a class close a circle, whatever the order: never less than there is."""
    model = put(tmp_path, "m.oom", NESTED.replace("CHOICE", choice))
    found, expected = questions(model, None, {}, "N", 2, UNTIMED)
    assert ("lockdep" in explored(*expected).witnesses) is elements
    assert ("lockdep" in explored(*found).witnesses) is classes


@pytest.mark.parametrize("thread", ["both(1, 0);", "spin_lock(l[1]); spin_unlock(l[1]);"])
def test_one_thread_closes_no_circle(thread: str, tmp_path: Path) -> None:
    """A thread that takes two locks of a class alone cannot block itself."""
    text = NESTED.replace("both(CHOICE);", thread).replace("both(0, 1);", "spin_lock(l[0]); spin_unlock(l[0]);")
    found, _ = questions(put(tmp_path, "m.oom", text), None, {}, "N", 2, UNTIMED)
    assert "lockdep" not in explored(*found).witnesses


def test_nothing_parametric_is_left(tmp_path: Path) -> None:
    """The result has arrays with a size, names of all elements, no quantifier and no parameter."""
    model, spec = put(tmp_path, "m.oom", WALKS), put(tmp_path, "m.oomspec", WALKS_SPEC)
    (system, properties), _ = questions(model, spec, {}, "N", 2, UNTIMED)
    assert system.parametric == ()
    assert all(v.role is not Role.PARAM for v in system.variables)
    assert not any(isinstance(v.sort, ArraySort) and v.sort.extent for v in system.variables)
    (two,) = (v for v in system.variables if v.name == "vma.two")
    assert two.names == ("v[0].two[0]", "v[0].two[1]", "v[1].two[0]", "v[1].two[1]")
    exprs = [*(p.formula for p in properties), *(p.defined for p in properties)]
    exprs += [part.formula for p in properties for part in (*p.antecedents, *p.conjuncts)]
    exprs += [*(step.guard for step in system.transitions), *(h for lock in system.locks for h in lock.holders)]
    assert not any(isinstance(part, Quantified) for expr in exprs for part in subexpressions(expr))
    assert ("N", "2") in system.params
