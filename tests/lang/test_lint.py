"""Each warning has a model that trips it and a near miss that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.cli.main import main
from oomcheck.diag.diagnostic import Severity
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lint import lint
from tests.cli.samples import put

ROOT = Path(__file__).parents[2]
MODELS = sorted([*ROOT.glob("models/*.oom"), *ROOT.glob("models/examples/*.oom")])

HEAD = "model m;\nmarked int 0..3 a;\nmarked int 0..3 b;\n"
USE = "thread z { a = 1; b = 1; }\n"

TRIPS = {
    "W0601": [
        ("thread t { a = a + b; }", "a + b"),
        ("thread t { b = a * a; }", "a * a"),
        ("thread t { if (a == 1 and b == 1) a = 2; b = 0; }", "a == 1 and b == 1"),
        ("thread t { int 0..3 i; i = f(a + b); } int 0..3 f(int 0..6 x) { return 1; }", "f(a + b)"),
        ("thread t { while (a < b) a++; }", "a < b"),
    ],
    "W0602": [
        ("refcount r = 1;\nthread t { refcount_dec_and_test(r); }", "refcount_dec_and_test(r);"),
        ("atomic r = 1;\nthread t { atomic_dec_and_test(r); }", "atomic_dec_and_test(r);"),
    ],
    "W0603": [
        ("thread t { atomic { a = 1; b = 1; } }", "atomic { a = 1; b = 1; }"),
        ("thread t { await a == 1 and b == 1; }", "await a == 1 and b == 1;"),
        ('thread t { assert a == b "equal"; }', 'assert a == b "equal";'),
        ("thread t { assume a == b; }", "assume a == b;"),
        ("thread t { await exists v in t2 : dead(v); } thread t2[2] { a = 1; }", "await exists v in t2 : dead(v);"),
        ("thread t { send_sigkill(t); }", "send_sigkill(t)"),
    ],
    "W0604": [
        ("marked bool unused;\n", "unused"),
        ("spinlock l;\n", "l"),
        ("void f() { a = 1; }\n", "void f() { a = 1; }"),
        ("void f() { g(); }\nvoid g() { a = 1; }\n", "void f() { g(); }"),
        ("define d = a == 1;\n", "d"),
        ("completion c;\n", "c"),
    ],
    "W0607": [
        ("mutex l;\nthread t { mutex_trylock(l); }", "mutex_trylock(l);"),
        ("mutex l;\nthread t { mutex_lock_killable(l); }", "mutex_lock_killable(l);"),
        ("refcount r = 1;\nthread t { refcount_inc_not_zero(r); }", "refcount_inc_not_zero(r);"),
        ("thread t { get_signal(); }", "get_signal();"),
        ("completion c;\nthread t { complete(c); try_wait_for_completion(c); }", "try_wait_for_completion(c);"),
    ],
}

FINE = {
    "W0601": [
        "thread t { a = b; }",
        "thread t { a = b + 1; }",
        "thread t { a++; }",
        "thread t { int 0..3 i = a; int 0..3 j = b; a = (i + j) % 3; }",
        "thread t { atomic { a = a + b; } }",
        "thread t { await a == 1 and b == 1; }",
        "ghost int 0..9 g;\nthread t { a = 1; g = a + b; }",
        "define d = a + b;\nthread t { await d == 1; }",
    ],
    "W0602": [
        "refcount r = 1;\nthread t { if (refcount_dec_and_test(r)) a = 1; }",
        "refcount r = 1;\nthread t { bool last = refcount_dec_and_test(r); if (last) a = 1; }",
        "refcount r = 2;\nthread t { refcount_dec(r); }",
    ],
    "W0603": [
        "thread t { await a == 1; }",
        'thread t { int 0..3 i = a; assert i == i "same"; }',
        "thread t { a = b + a; }",
    ],
    "W0604": [
        "marked bool used;\nthread t { used = true; }",
        "marked bool read;\nthread t { if (read) a = 1; }",
        "spinlock l;\nthread t { spin_lock(l); spin_unlock(l); }",
        "void f() { a = 1; }\nthread t { f(); }",
        "void f() { g(); }\nvoid g() { a = 1; }\nthread t { f(); }",
        "define d = a == 1;\nthread t { await d; }",
        "define d = a == 1;\ndefine e = !d;\nthread t { await e; }",
        "struct S { refcount r = 1 release f; };\nS s;\nvoid f(S *p) { a = 1; }\nthread t { put(s.r); }",
        "timer k = f;\nsoftirq f() { a = 1; }\nthread t { mod_timer(k, jiffies + 1); }",
        "mutex l;\nvoid f(mutex *x) { mutex_lock(x); mutex_unlock(x); }\nthread t { f(&l); }",
        "freezer f legacy;\nthread t { try_to_freeze(); }",
        "struct S { marked bool x; };\nS s;\nS *p = NULL;\nthread t { p = &s; p->x = true; }",
        "waitqueue q;\nthread t { wait_event(q, a == 1); }",
        "rcu r;\nthread t { rcu (r) { a = 1; } }",
        "ghost bool g;\nthread t { a = 1; g = true; }",
        "process P { marked bool own; thread t { own = true; } }",
        "per_task marked bool own;\nthread t { current->own = true; }",
    ],
    "W0607": [
        "mutex l;\nthread t { if (mutex_trylock(l)) mutex_unlock(l); }",
        "mutex l;\nthread t { bool ok = !mutex_lock_killable(l); if (ok) mutex_unlock(l); }",
        "mutex l;\nthread t { mutex_lock(l); mutex_unlock(l); }",
        "timer k = f;\nsoftirq f() { a = 1; }\nthread t { mod_timer(k, jiffies + 1); del_timer(k); }",
    ],
}


def codes(path: Path, *specs: Path) -> list[tuple[str, str]]:
    """Code and marked text of each finding."""
    found = lint(load_model(path, {}), specs)
    assert all(d.severity is Severity.WARNING and d.span is not None for d in found)
    return [(d.code, d.span.text) for d in found if d.span is not None]


@pytest.mark.parametrize(("code", "text", "marked"), [(c, *case) for c, cases in TRIPS.items() for case in cases])
def test_trips(tmp_path: Path, code: str, text: str, marked: str) -> None:
    """The finding stands where the reader must look."""
    assert (code, marked) in codes(put(tmp_path, "m.oom", HEAD + text + "\n" + USE))


@pytest.mark.parametrize(("code", "text"), [(c, text) for c, texts in FINE.items() for text in texts])
def test_near_misses(tmp_path: Path, code: str, text: str) -> None:
    """What is meant is not complained about."""
    assert code not in dict(codes(put(tmp_path, "m.oom", HEAD + text + "\n" + USE)))


def test_used_by_specs(tmp_path: Path) -> None:
    """Variables and macros that a spec mentions are used."""
    model = put(tmp_path, "m.oom", HEAD + "ghost bool g;\ndefine d = a == 1;\n" + USE)
    assert codes(model) == [("W0604", "g"), ("W0604", "d")]
    spec = put(tmp_path, "m.oomspec", 'spec for "m.oom";\ninvariant p : g or d or true;\n')
    assert codes(model, spec) == []


def test_costs_that_nobody_bounds(tmp_path: Path) -> None:
    """W0604: a counter that is in no `bound` of the specs; without specs nobody can know."""
    model = put(tmp_path, "m.oom", HEAD + USE + "thread t { delay(1) cost naps; await a == 1 cost waits; }\n")
    assert codes(model) == []
    spec = put(tmp_path, "m.oomspec", 'spec for "m.oom";\nbound n : max waits;\n')
    assert codes(model, spec) == [("W0604", "naps")]
    spec.write_text(spec.read_text(encoding="utf-8") + "bound m : max naps <= 2;\n", encoding="utf-8")
    assert codes(model, spec) == []


def test_unchecked_properties(tmp_path: Path) -> None:
    """W0606: a property that no check names, in a spec that has checks; lemmas are for the proofs."""
    model = put(tmp_path, "m.oom", HEAD + USE)
    text = 'spec for "m.oom";\ninvariant p : a < 2;\ninvariant q : a < 3;\nlemma l : a < 4;\n'
    for checks, found in [
        ("", []),
        ("check c : p;\n", [("W0606", "q")]),
        ("check c : p, q;\n", []),
        ("check c : all;\n", []),
        ("check c : race;\n", [("W0606", "p"), ("W0606", "q")]),
    ]:
        assert codes(model, put(tmp_path, "m.oomspec", text + checks)) == found


def test_missing_references(tmp_path: Path) -> None:
    """W0608: in a model of a kernel, functions and threads say what they stand for; environments need not."""
    text = """marked bool x;
thread t { x = true; f(); }
thread u @ "mm/oom_kill.c:oom_reaper" { x = true; g(); }
void f() { x = false; }
void g() @ "mm/oom_kill.c:oom_reap_task" { x = false; }
env e { x = true; }
"""
    kernel = put(tmp_path, "m.oom", 'model m source "linux v6.17";\n' + text)
    found = [text.split("{")[0].strip() for code, text in codes(kernel) if code == "W0608"]
    assert found == ["t", "f"]
    assert codes(put(tmp_path, "n.oom", "model n;\n" + text)) == []


def test_order_and_repetition(tmp_path: Path) -> None:
    """Findings stand in the order of the text; a body that runs in several threads is told once."""
    text = "marked bool u;\nthread t[3] { a = a + b; f(); f(); }\nvoid f() { b = a + b; }\n"
    assert codes(put(tmp_path, "m.oom", HEAD + text)) == [("W0604", "u"), ("W0601", "a + b"), ("W0601", "a + b")]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings are no failure unless --strict says so."""
    bad = put(tmp_path, "bad.oom", HEAD + "thread t { a = a + b; }\n")
    good = put(tmp_path, "good.oom", HEAD + USE)
    assert main(["lint", str(bad)]) == 0
    out, err = capsys.readouterr()
    assert "warning[W0601]" in out
    assert out.endswith("\n1 finding\n")
    assert err == ""
    assert main(["lint", "--strict", str(bad)]) == 1
    assert main(["lint", "--strict", str(good)]) == 0
    assert capsys.readouterr().out.endswith("0 findings\n")
    assert main(["lint", str(tmp_path / "gone.oom")]) == 2


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models(path: Path) -> None:
    """Linting a model that is shipped works, and finds only what is there on purpose."""
    assert {code for code, _ in codes(path)} <= {"W0601", "W0603", "W0604"}
