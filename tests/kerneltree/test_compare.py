"""References against trees: every state that one can be in, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError, Severity
from oomcheck.kerneltree.compare import Comparison, State, compare
from oomcheck.kerneltree.recorded import NOTHING, Recorded, updated
from oomcheck.kerneltree.tree import open_tree
from tests.kerneltree.trees import HEADER, REAPER, make_tree, refer

GOOD = ("mm/reap.c:reap", "mm/reap.c:TRIES", "mm/reap.c:reap_lock", "mm/reap.c:wake", "include/linux/task.h:SKIP")


def compared(root: Path, *texts: str, recorded: Recorded = NOTHING, head: str = ' source "linux v6.12"') -> Comparison:
    """References of a model against a tree."""
    return compare(refer(*texts, head=head), open_tree(root), recorded, Path())


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("mm/none.c:reap", "W0609", "mm/none.c is not in the tree", "defined in mm/reap.c"),
        ("mm/none.c", "W0609", "mm/none.c is not in the tree", ""),
        ("mm/reap.c:raep", "W0610", "mm/reap.c does not define `raep`", "did you mean `reap`?"),
        ("mm/reap.c:zzz", "W0610", "mm/reap.c does not define `zzz`", ""),
        ("mm/reap.c:victim", "W0610", "mm/reap.c does not define `victim`", ""),
        ("mm/reap.c:other", "W0610", "mm/reap.c only declares `other`", "defined in mm/other.c"),
        ("mm/reap.c:big_lock", "W0610", "mm/reap.c only declares `big_lock`", ""),
        ("mm/reap.c:flags", "W0610", "mm/reap.c does not define `flags`", "defined in include/linux/task.h"),
        (
            "include/linux/task.h:bits.flags",
            "W0610",
            "include/linux/task.h does not define `bits.flags`",
            "did you mean `flags`?",
        ),
    ],
)
def test_lost(tmp_path: Path, text: str, code: str, message: str, hint: str) -> None:
    """What the tree does not have is told at the place of the reference, with a hint where there is one."""
    result = compared(make_tree(tmp_path), text)
    (found,) = result.findings
    assert (found.code, found.message, found.hint) == (code, message, hint)
    assert found.severity is Severity.WARNING
    assert found.notes == ()
    assert found.span is not None
    assert found.span.text == f'"{text}"'
    assert result.states == {State.LOST: 1}
    assert result.found == {}


@pytest.mark.parametrize(
    ("makefile", "texts", "wrong"),
    [
        ("all:\n", ("mm/none.c:reap", "kernel/none.c"), True),
        ("all:\n", ("mm/none.c:reap", "mm/reap.c:zzz"), False),
        ("all:\n", (), False),
        ("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n", ("mm/none.c:reap", "kernel/none.c"), False),
    ],
)
def test_another_project(tmp_path: Path, makefile: str, texts: tuple[str, ...], wrong: bool) -> None:
    """A tree without a version that has none of the files is a wrong command line; one file or a version is enough."""
    root = make_tree(tmp_path, Makefile=makefile)
    if not wrong:
        assert len(compared(root, *texts).findings) == len(texts)
        return
    with pytest.raises(OomcheckError) as caught:
        compared(root, *texts)
    (found,) = caught.value.diagnostics
    what = "it has no version and none of the files that the models refer to"
    assert (found.code, found.message) == ("E0003", f"{root} is no kernel tree: {what}")
    assert found.hint == "--kernel-tree names the top of the kernel sources"


def test_new(tmp_path: Path) -> None:
    """What is there and not recorded is no finding; a reference counts once, a file alone has no fingerprint."""
    result = compared(make_tree(tmp_path), *GOOD, *GOOD, "mm/reap.c")
    assert result.findings == ()
    assert result.states == {State.NEW: len(GOOD), State.FILE_ONLY: 1}
    assert result.present == {"m.oom": (*GOOD, "mm/reap.c")}
    assert len(set(result.found.values())) == len(GOOD)


def test_same_and_changed(tmp_path: Path) -> None:
    """Another layout is the same text; another text is told, with the versions that are recorded."""
    first = compared(make_tree(tmp_path / "a"), *GOOD)
    recorded = updated(NOTHING, first.version, first.present, first.found)
    layout = "\n" + REAPER.replace("\t", "    /* x */ ").replace("The reaper", "A reaper")
    assert compared(make_tree(tmp_path / "b", mm__reap_c=layout), *GOOD, recorded=recorded).states == {State.SAME: 5}
    changed = REAPER.replace("victim + TRIES", "victim - TRIES").replace("{ }", "{ ; }").replace("10", "11")
    makefile = "VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 1\n"
    root = make_tree(tmp_path / "c", mm__reap_c=changed, Makefile=makefile)
    second = compared(root, *GOOD, recorded=recorded)
    assert second.states == {State.SAME: 2, State.CHANGED: 3}
    names = ("reap", "TRIES", "wake")
    expected = [f"mm/reap.c:{name} of 7.2.1 differs from that of 6.12.3" for name in names]
    assert [found.message for found in second.findings] == expected
    assert {found.notes for found in second.findings} == {("the model describes linux v6.12, the tree is 7.2.1",)}
    both = updated(recorded, second.version, second.present, second.found)
    assert compared(root, *GOOD, recorded=both).findings == ()
    third = compared(make_tree(tmp_path / "d", mm__reap_c=changed.replace("11", "12")), *GOOD, recorded=both)
    assert [found.message for found in third.findings] == [
        "mm/reap.c:TRIES of 6.12.3 differs from that of 6.12.3 and 7.2.1"
    ]


def test_members(tmp_path: Path) -> None:
    """`structure.member` is one member, `member` alone is all of that name in the file."""
    names = [f"include/linux/task.h:{name}" for name in ("flags", "task.flags", "signal.flags")]
    first = compared(make_tree(tmp_path / "a"), *names)
    recorded = updated(NOTHING, first.version, first.present, first.found)
    changed = HEADER.replace("signal { int", "signal { long")
    second = compared(make_tree(tmp_path / "b", include__linux__task_h=changed), *names, recorded=recorded)
    assert [found.message.partition(" ")[0] for found in second.findings] == [names[0], names[2]]


def test_note(tmp_path: Path) -> None:
    """A finding says if the model is about other kernels than the tree."""
    root = make_tree(tmp_path)
    (found,) = compared(root, "mm/reap.c:zzz", head=' source "linux v4.6 .. v4.9"').findings
    assert found.notes == ("the model describes linux v4.6 .. v4.9, the tree is 6.12.3",)
    (found,) = compared(root, "mm/reap.c:zzz", head=' source "linux v4.6 .. v6.18"').findings
    assert found.notes == ()


def test_hint_from_a_folder_below(tmp_path: Path) -> None:
    """What moved to a folder below its own is found there; uses and prototypes are no hint, two places are enough."""
    texts = dict.fromkeys(("mm__deep__a_c", "mm__deep__b_h", "mm__deep__c_c"), "int\nmoved(void)\n{\n}\nint moved2;\n")
    root = make_tree(tmp_path, **texts, mm__uses_c="int moved(void);\nint x = moved2;\n")
    found = [one.hint for one in compared(root, "mm/reap.c:moved", "mm/gone.c:moved2", "mm/reap.c:none").findings]
    assert found == [*["defined in mm/deep/a.c and mm/deep/b.h"] * 2, ""]


def test_told_once(tmp_path: Path) -> None:
    """A reference that a file has more than once is told once, with the lines of the others."""
    (found,) = compared(make_tree(tmp_path), "mm/reap.c:zzz", "mm/reap.c:reap", "mm/reap.c:zzz").findings
    assert found.notes == ("also in line 4",)
    (found,) = compared(tmp_path, *["mm/reap.c:zzz"] * 11).findings
    assert found.notes == ("also in lines 3, 4, 5, 6, 7, 8, 9, 10, ...",)
    assert found.span is not None
    assert found.span.line == 2
