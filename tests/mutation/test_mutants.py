"""Mutants of a text: each operator changes what it says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.span import Source
from oomcheck.lang.build import build_model
from oomcheck.lang.load import read_files
from oomcheck.lang.parsing import parse_tree
from oomcheck.mutation.mutants import Mutant, Operator, constants_of, mutants_of

ROOT = Path(__file__).parents[2]

HEAD = """model m;
param int N = 2 in 0 .. 3;
enum kind { OLD, NEW };
define MANY = N > 1;
define TOO_MANY = MANY and N == 3;
define busy = x > 0;
mutex lock;
rwsem sem;
rcu tasks;
flags word { A, B };
marked int 0..9 x;
marked int 0..9 y;
waitqueue q;
"""


def mutants(body: str, operator: Operator) -> dict[str, str]:
    """The body of thread `t` with each mutant of an operator, by the mutant's name."""
    source = Source("m.oom", f"{HEAD}thread t {{ {body} }}\n")
    tree = build_model(parse_tree(source, "model"), source)
    found = {}
    for mutant in mutants_of(tree, constants_of([tree])):
        if mutant.operator is operator:
            text = mutant.applied(source.text)
            assert text.startswith(HEAD)
            found[mutant.name] = text.removeprefix(f"{HEAD}thread t {{ ").removesuffix(" }\n")
    return found


def test_locks() -> None:
    """All that takes or releases one lock in a function goes; each lock is a mutant of its own."""
    body = "mutex_lock(lock); down_read(sem); x = 1; up_read(sem); mutex_unlock(lock);"
    assert mutants(body, Operator.DROP_LOCK) == {
        "drop lock `lock` in t": "{ } down_read(sem); x = 1; up_read(sem); { }",
        "drop lock `sem` in t": "mutex_lock(lock); { } x = 1; { } mutex_unlock(lock);",
    }


def test_trylock() -> None:
    """An attempt to take a lock that is dropped always succeeds."""
    body = "if (down_read_trylock(sem)) { x = 1; up_read(sem); }"
    assert mutants(body, Operator.DROP_LOCK) == {"drop lock `sem` in t": "if (true) { x = 1; { } }"}


def test_rcu() -> None:
    """A read section becomes a plain block."""
    assert mutants("rcu { x = 1; }", Operator.DROP_LOCK) == {"drop lock RCU in t": "{ x = 1; }"}


def test_set_up() -> None:
    """What parameters decide, also by the name of a macro, is no behaviour that could be wrong."""
    body = "if (TOO_MANY) x = 1; if (MANY or N == 0) x = 2; if (busy) x = 3;"
    assert [*mutants(body, Operator.WEAKEN)] == ["weaken `busy` to true in t"]


def test_swaps() -> None:
    """Neighbours change places, with their source references; declarations, labels and ways out stay."""
    body = 'int i = 0; x = 1 @ "a.c:f"; y = 2; again: x = 3; return;'
    assert mutants(body, Operator.SWAP) == {
        "swap `x = 1;` and `y = 2;` in t": 'int i = 0; y = 2; x = 1 @ "a.c:f"; again: x = 3; return;'
    }


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("int i = 0; i++; x = 1;", 0),  # nobody sees when a local counts
        ("int i = 0; i++; x = i;", 1),
        ("int i = 0; int j = 0; i++; j = 2;", 0),
        ("int i = 0; i = x; y = 1;", 1),  # a read of x moves over a write of y
        ("x = 1; x = 1;", 0),
    ],
)
def test_swaps_that_nobody_sees(body: str, count: int) -> None:
    """A local that the neighbour does not mention may change at any time."""
    assert len(mutants(body, Operator.SWAP)) == count


def test_flag_tests() -> None:
    """A flag that is not looked at counts as not set."""
    assert mutants("if (x == 1 and test_bit(A, word)) y = 1;", Operator.DROP_TEST) == {
        "drop test `test_bit(A, word)` in t": "if (x == 1 and false) y = 1;"
    }


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("if (test_and_set_bit(A, word)) x = 1;", "{ set_bit(A, word);  }"),
        ("if (!test_and_set_bit(A, word)) x = 1;", "{ set_bit(A, word); x = 1; }"),
        ("if (test_and_set_bit(A, word)) x = 1; else x = 2;", "{ set_bit(A, word); x = 2; }"),
        ("if (test_and_clear_bit(A, word)) x = 1;", "{ clear_bit(A, word); x = 1; }"),
        ("if (!test_and_clear_bit(A, word)) x = 1;", "{ clear_bit(A, word);  }"),
    ],
)
def test_flags_that_are_taken(body: str, after: str) -> None:
    """What sets or clears a flag still does; only its answer is not looked at."""
    assert list(mutants(body, Operator.DROP_TEST).values()) == [after]


def test_guards() -> None:
    """Conditions become true, conjunct by conjunct; comparisons take in their limit; set-up is no guard."""
    assert mutants("if (x < 3 and N > 0) y = 1; await y == 1; wait_event(q, x == 1);", Operator.WEAKEN) == {
        "weaken `x < 3` to true in t": "if (true and N > 0) y = 1; await y == 1; wait_event(q, x == 1);",
        "weaken `x < 3` to <= in t": "if (x <= 3 and N > 0) y = 1; await y == 1; wait_event(q, x == 1);",
        "weaken `y == 1` to true in t": "if (x < 3 and N > 0) y = 1; await true; wait_event(q, x == 1);",
        "weaken `x == 1` to true in t": "if (x < 3 and N > 0) y = 1; await y == 1; wait_event(q, true);",
    }


def test_loops_end() -> None:
    """The only condition of a loop stays: without it nothing behind the loop would run."""
    assert list(mutants("while (x < 3) x++;", Operator.WEAKEN)) == ["weaken `x < 3` to <= in t"]


def test_names_are_unique() -> None:
    """Two mutants that read alike are numbered."""
    assert list(mutants("await x == 1; await x == 1;", Operator.WEAKEN)) == [
        "weaken `x == 1` to true in t",
        "weaken `x == 1` to true in t (2)",
    ]


def every_mutant() -> list[tuple[Source, Mutant]]:
    """Each mutant of each model of the project, with the text of its file."""
    found = {}
    for path in sorted((ROOT / "models").rglob("*.oom")):
        if path.parent.name == "lib":
            continue
        files = read_files(path)
        constants = constants_of(files.files)
        for tree, source in zip(files.files, files.sources, strict=True):
            for mutant in mutants_of(tree, constants):
                found[(Path(source.path).resolve(), mutant.name)] = (source, mutant)
    return list(found.values())


def test_mutants_parse() -> None:
    """Whatever is done to the models of the project is a model still, and another text."""
    everything = every_mutant()
    assert {mutant.operator for _, mutant in everything} == set(Operator)
    for source, mutant in everything:
        text = mutant.applied(source.text)
        assert text != source.text
        changed = Source(source.path, text)
        build_model(parse_tree(changed, "model"), changed)
        assert source.text.count("\n", 0, mutant.edits[0].start) + 1 == mutant.line
