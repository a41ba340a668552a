"""What specs and models say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate.subjects import Asked, Subject, read_subjects
from oomcheck.gate.suite import find_suite
from tests.gate.trees import lay, put

MODEL = """/* P9 and P3, at length. */
model n source "linux v6.17";
param enum FIX { OLD, NEW } = OLD;
param int LAST = 2 in 1 .. 5;
marked int 0..9 x;
thread t { x = 1; }
"""
SPEC = """spec for "../models/n.oom";
never two : x == 2;
check every : all;
check some : two with FIX in { OLD,
	NEW }, LAST in 1 ..
	3 timed slack 1 quick skip expect holds because "x is one";
check last : two with LAST = 1 + 1 untimed expect holds;
"""


def read(folder: Path) -> tuple[Subject, ...]:
    """The subjects of the tree below `folder`."""
    return read_subjects(find_suite(folder / "specs"))


def test_subject(tmp_path: Path) -> None:
    """Paths, kernel, and the checks with what they set, on one line and as the spec writes it."""
    put(tmp_path, "models/n.oom", MODEL)
    spec = put(tmp_path, "specs/more/n.oomspec", SPEC.replace("../", "../../"))
    assert read(tmp_path) == (
        Subject(
            "n",
            "more/n",
            str(spec),
            str(tmp_path / "models/n.oom"),
            "n",
            "linux v6.17",
            ("P3", "P9"),
            (
                Asked("every", 3, (), "", ""),
                Asked("some", 4, ("two",), "FIX in { OLD, NEW }, LAST in 1 .. 3; timed slack 1", "x is one"),
                Asked("last", 7, ("two",), "LAST = 1 + 1; untimed", ""),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("comment", "about"),
    [("", ("P3", "P9")), ("/* P11, P2: P11 */\n", ("P2", "P11")), ("/* PP1 XP2 P0 P100 */\n", ("P3", "P9"))],
)
def test_about(tmp_path: Path, comment: str, about: tuple[str, ...]) -> None:
    """The comment of the spec decides, and that of the model if the spec names no property of the catalogue."""
    put(tmp_path, "models/n.oom", MODEL)
    put(tmp_path, "specs/n.oomspec", comment + SPEC)
    assert read(tmp_path)[0].about == about


def test_without_source(tmp_path: Path) -> None:
    """Specs are in the order of the suite; a model that tells no kernel has none."""
    lay(tmp_path)
    assert [(one.name, one.title, one.kernel) for one in read(tmp_path)] == [("m", "m", ""), ("other", "m", "")]


@pytest.mark.parametrize(("name", "text"), [("specs/n.oomspec", "spec for;\n"), ("models/n.oom", "model ;\n")])
def test_broken(tmp_path: Path, name: str, text: str) -> None:
    """What cannot be read is an error."""
    put(tmp_path, "models/n.oom", MODEL)
    put(tmp_path, "specs/n.oomspec", SPEC)
    put(tmp_path, name, text)
    with pytest.raises(OomcheckError, match="E01"):
        read(tmp_path)
