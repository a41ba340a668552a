"""What two models differ in."""

from __future__ import annotations

from pathlib import Path

from oomcheck.comparing.sides import read_side
from oomcheck.comparing.texts import FileChange, text_changes
from tests.cli.samples import put
from tests.comparing.samples import FIX, sides

MODEL = """model m;
marked int 0..3 x;
thread t { x = 1; }
"""


def test_layout_and_comments_are_no_difference(tmp_path: Path) -> None:
    """Declarations are compared by meaning, texts in canonical layout."""
    found = text_changes(*sides(tmp_path, MODEL, MODEL.replace("{ x = 1; }", "{\n  x    = 1; }")))
    assert found.declarations == ()
    assert found.statements == ()
    same = text_changes(*sides(tmp_path, MODEL, MODEL.replace("x = 1", "x   =   1")))
    assert same.files == ()


def test_changed_statement(tmp_path: Path) -> None:
    """A hunk of the text, the thread that differs, and the statements of each side."""
    found = text_changes(*sides(tmp_path, MODEL, MODEL.replace("x = 1", "x = 2")))
    assert found.declarations == ("differs: thread t",)
    assert found.statements == ("only in A: t: x = 1", "only in B: t: x = 2")
    (change,) = found.files
    assert change.name == "a.oom, b.oom"
    assert change.lines[:2] == (f"--- A/{tmp_path}/a.oom", f"+++ B/{tmp_path}/b.oom")
    assert change.lines[-2:] == ("-thread t { x = 1; }", "+thread t { x = 2; }")


def test_imports_are_compared_by_name(tmp_path: Path) -> None:
    """Libraries in different folders belong together by their names; one that is missing is told."""
    lib = "library lib;\nmarked int 0..3 y;\nvoid f() { y = 1; }\n"
    left = put(tmp_path, "a/m.oom", MODEL.replace(";\n", ';\nimport "lib/l.oom";\n', 1))
    put(tmp_path, "a/lib/l.oom", lib)
    right = put(tmp_path, "b/m.oom", MODEL.replace(";\n", ';\nimport "lib/l.oom";\nimport "lib/k.oom";\n', 1))
    put(tmp_path, "b/lib/l.oom", lib.replace("y = 1", "y = 2"))
    put(tmp_path, "b/lib/k.oom", "library k;\nconst K = 1;\n")
    found = text_changes(read_side("A", left, {}, ()), read_side("B", right, {}, ()))
    assert found.declarations == ("differs: function f", "only in B: const K")
    assert [file.name for file in found.files] == ["m.oom, m.oom", "lib/k.oom", "lib/l.oom"]
    assert found.files[1] == FileChange("lib/k.oom", ())


def test_settings_of_one_model(tmp_path: Path) -> None:
    """Parameters change no text, but the statements that threads execute."""
    model = put(tmp_path, "fix.oom", FIX)
    found = text_changes(read_side("A", model, {}, ()), read_side("B", model, {"FIX": "true"}, ()))
    assert (found.files, found.declarations) == ((), ())
    assert found.statements == (
        "only in B: one: mutex_lock(m) [mm/mmap.c:one]",
        "only in B: one: mutex_unlock(m) [mm/mmap.c:one]",
        "only in B: two: mutex_lock(m) [mm/mmap.c:two]",
        "only in B: two: mutex_unlock(m) [mm/mmap.c:two]",
    )
