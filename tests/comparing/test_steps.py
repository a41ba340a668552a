"""Which statements differ, and how."""

from __future__ import annotations

from pathlib import Path

from oomcheck.comparing.sides import read_side
from oomcheck.comparing.steps import StepChange, step_changes
from oomcheck.comparing.texts import system_of
from tests.cli.samples import put

#: `WIDE` changes a test, `LATE` moves a statement, `FIRST` an initial value; no statement is of one side only.
MODEL = """model m;
param bool WIDE = false;
param bool LATE = false;
param bool FIRST = false;
define enough(n) = WIDE ? n > 0 : n > 1;
mutex m;
marked int 0..3 x = FIRST ? 1 : 2;
marked bool seen;
thread t                              @ "mm/mmap.c:one" {
	mutex_lock(m);
	if (!LATE)
		seen = true;
	await enough(x);
	if (LATE)
		seen = true;
	mutex_unlock(m);
}
"""


def told(folder: Path, **given: str) -> tuple[str, ...]:
    """The changes from the model as it is to a setting of it."""
    model = put(folder, "m.oom", MODEL)
    a, b = (system_of(read_side(letter, model, values, ())) for letter, values in (("A", {}), ("B", given)))
    assert a is not None
    assert b is not None
    return tuple(map(str, step_changes(a, b)))


def test_a_model_is_as_itself(tmp_path: Path) -> None:
    """No statement differs from itself."""
    assert told(tmp_path) == ()


def test_a_guard_that_a_definition_changes(tmp_path: Path) -> None:
    """The statement has the same text on both sides, and another meaning."""
    assert told(tmp_path, WIDE="true") == ("differs: t: await enough(x) [mm/mmap.c:one]",)


def test_a_statement_that_moves(tmp_path: Path) -> None:
    """All do what they did, and what comes after them is another one."""
    assert told(tmp_path, LATE="true") == (
        "goes on elsewhere: t: mutex_lock(m) [mm/mmap.c:one]",
        "goes on elsewhere: t: seen = true [mm/mmap.c:one]",
        "goes on elsewhere: t: await enough(x) [mm/mmap.c:one]",
    )


def test_another_initial_value(tmp_path: Path) -> None:
    """It is told by the name of the variable."""
    assert told(tmp_path, FIRST="true") == ("differs: initial x",)


def test_a_change_in_words() -> None:
    """A place is told where the model names one."""
    assert str(StepChange("differs", "t", "x = 1", "")) == "differs: t: x = 1"
