"""Whether assumptions leave any behaviour."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.api import load
from oomcheck.check import check_files
from oomcheck.result.verdict import Word, word
from oomcheck.rows import Options
from oomcheck.vacuity import leaves_behaviour
from tests.cli.samples import put

HEAD = "model m;\nmarked int 0..9 x;\nmarked int 0..9 y;\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("thread t { x = 1; }", True),
        ("thread t { assume x == 1; x = 2; }", False),
        ("thread t { x = 1; assume x == 2; x = 3; }", False),
        ("thread t { x = 1; assume x == 1; x = 3; }", True),
        ("thread t { x = 1; atomic { assume x == 2; x = 3; } }", False),
        ("thread t { int 0..3 i; choose i in 0 .. 3; assume i > 3; x = i; }", False),
        ("thread t { int 0..3 i; choose i in 0 .. 3; assume i > 2; x = i; }", True),
        ("thread t { int 0..3 i; choose i in 0 .. 3; x = i; assume x > 2; y = 1; assume y == 2; }", False),
        # another thread goes on to its end, but the whole is cut
        ("thread t { assume x == 5; } thread u { y = 1; y = 2; }", False),
        ("thread t { assume y == 2; } thread u { y = 1; y = 2; }", True),
        # an end that nobody comes to, and one that a stuck thread is
        ("thread t { either { x = 1; await y == 1; } or { assume y == 1; } }", True),
        ("thread t { x = 1; await y == 1; assume false; }", True),
        # behaviour that goes round
        ("thread t { loop { x = 1; x = 0; } } thread u { assume y == 1; }", True),
        ("thread t { loop { x = 1; assume x == 0; } }", False),
        # an environment need not act
        ("thread t { x = 1; } env e { y = 1; assume y == 2; }", True),
        ("thread t { x = 1; } thread e { y = 1; assume y == 2; }", False),
        ("thread t { await y == 1; assume false; } env e { y = 1; }", True),
        ("timer k = fires; softirq fires() { assume y == 2; } thread t { mod_timer(k, jiffies + 1); x = 1; }", True),
    ],
)
def test_what_is_left(tmp_path: Path, text: str, left: bool) -> None:
    """Some behaviour ends, rests or goes round without being cut."""
    assert leaves_behaviour(load(put(tmp_path, "m.oom", HEAD + text)).system) is left


def test_bound(tmp_path: Path) -> None:
    """Beyond its bound the search does not guess, nor when it is told to stop."""
    text = HEAD + "thread t { for (i in 0 .. 9) x = i; assume x == 1; }"
    system = load(put(tmp_path, "m.oom", text)).system
    assert leaves_behaviour(system) is False
    assert leaves_behaviour(system, bound=5) is None
    wide = HEAD + "thread t[4] { for (i in 0 .. 9) x = i; assume x == 99; }"
    system = load(put(tmp_path, "m.oom", wide)).system
    assert leaves_behaviour(system, should_stop=lambda: "interrupted") is None


@pytest.mark.parametrize("engine", ["explicit", "reference"])
def test_nothing_positive(tmp_path: Path, engine: str) -> None:
    """If nothing is left every positive verdict is VACUOUS; what is violated on the way stays violated."""
    model = put(tmp_path, "m.oom", HEAD + "thread t { x = 1; x = 2; assume x == 3; x = 4; }")
    spec = put(
        tmp_path,
        "m.oomspec",
        'spec for "m.oom";\ninvariant i : x < 3;\nnever n : x == 5;\nlemma l : x < 9;\ncover c : x == 1;\n'
        "cover d : x == 7;\ndeadlock_free f;\ninvariant bad : x < 2;\ncheck a : i, n, l, c, d, f, bad, race;\n"
        "check b : unreachable expect violated;\n",
    )
    results = check_files(model, (spec,), Options(engine=engine)).results
    found = {result.prop: word(result.verdict) for result in results}
    assert found.pop("bad") is Word.VIOLATED
    assert found.pop("unreachable") is Word.VIOLATED
    assert set(found) == {"i", "n", "l", "c", "d", "f", "race"}
    assert set(found.values()) == {Word.VACUOUS}


def test_not_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not known whether anything is left, what would hold is UNKNOWN."""
    model = put(tmp_path, "m.oom", HEAD + "thread t { x = 1; assume x == 3; }")
    monkeypatch.setitem(check_files.__globals__, "leaves_behaviour", lambda *_, **__: None)
    results = check_files(model, (), Options()).results
    assert {word(result.verdict) for result in results} == {Word.UNKNOWN}
