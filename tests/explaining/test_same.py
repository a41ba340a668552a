"""Questions about one fault of many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oomcheck.explaining.explanation import Need, Sort
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.same import is_alone, same_fault
from oomcheck.ir.expr import TRUE
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Limits
from oomcheck.semantics.search import explore
from tests import toys
from tests.explaining.samples import explained

#: Two assertions fail; the first one needs two threads, the other one is wrong by itself.
TWO_FAULTS = """model m;
marked bool x = false;
thread a { x = true; }
thread b { assert !x; }
thread c { x = x; x = x; x = x; assert false; }
"""

#: Data races on two variables, between different threads.
TWO_RACES = """model m;
int 0..9 x;
int 0..9 y;
marked bool go = false;
thread a { x = 1; }
thread b { x = 2; }
thread c { await go; y = 1; }
thread d { go = true; y = 2; }
"""


def threads(folder: Path, model: str, select: str) -> dict[str, Need]:
    """The answer for each thread."""
    found = explained(folder, model, "", select)
    assert found.alone
    return {item.process: item.need for item in found.items if item.sort is Sort.THREAD}


def test_other_assertion(tmp_path: Path) -> None:
    """That another assertion fails without them does not make the threads of this one superfluous."""
    found = threads(tmp_path, TWO_FAULTS, "assert")
    assert found == {"a": Need.NEEDED, "b": Need.NEEDED, "c": Need.NOT_NEEDED}


def test_other_race(tmp_path: Path) -> None:
    """A race on another variable is another race."""
    found = threads(tmp_path, TWO_RACES, "race")
    assert found == {"a": Need.NEEDED, "b": Need.NEEDED, "c": Need.NOT_NEEDED, "d": Need.NOT_NEEDED}


def test_same_statement_of_another_thread(tmp_path: Path) -> None:
    """A fault of the same statement in another thread of an array is the same fault."""
    model = "model m;\nmarked bool x = false;\nthread t[2] { x = x; assert x; }\n"
    found = threads(tmp_path, model, "assert")
    assert found == {"t[0]": Need.NOT_NEEDED, "t[1]": Need.NOT_NEEDED}


def test_others_still_end_behaviour() -> None:
    """Another fault that halts goes on halting, under another name; indices stay."""
    toy = toys.system(
        "two",
        [],
        [toys.process("a", 2, 1)],
        [toys.step(0, 0, 1)],
        [toys.fault(0, 0, TRUE, "uninit"), replace(toys.fault(0, 0, TRUE, "uninit"), message="other")],
    )
    witness = explore(toy, [sanitizer("uninit")], Limits()).witnesses["uninit"]
    left = same_fault(Question(toy, sanitizer("uninit")), witness, toy.initial).base
    assert [(fault.index, fault.sanitizer, fault.halts) for fault in left.faults] == [
        (0, "uninit", True),
        (1, "uninit elsewhere", True),
    ]


def test_formulas_are_left_alone() -> None:
    """Only sanitizers have many faults; a formula or a deadlock is one thing."""
    toy = toys.philosophers(2)
    for prop in (Property("bad", Kind.NEVER, toy.at(0, 1)), sanitizer("deadlock")):
        witness = explore(toy, [prop], Limits()).witnesses[prop.name]
        question = Question(toy, prop)
        assert not is_alone(question, witness)
        assert same_fault(question, witness, toy.initial) is question
