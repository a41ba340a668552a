"""`oomcheck lint --kernel-tree`: the references of models against a tree, and what was recorded of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from tests.kerneltree.trees import REAPER, make_tree

LIBRARY = """library bits;
const RETRIES = 2 @ "mm/reap.c:TRIES";
"""
MODEL = """model {name} source "linux v6.12";
import "lib/bits.oom";
int 0..9 x = 0;
thread t @ "mm/reap.c:{function}" {{
	x = RETRIES @ "mm/reap.c:reap";
}}
"""
SPEC = """spec for "../models/{name}.oom";
invariant small : x <= 3;
"""
SUMMARY = "kernel 6.12.3: 3 references: 3 not recorded\n0 findings\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models over a library, a spec of each, and a kernel tree beside them; the current folder."""
    for folder in ("models/lib", "specs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "models/lib/bits.oom").write_text(LIBRARY)
    for name, function in (("a", "reap"), ("b", "wake")):
        (tmp_path / f"models/{name}.oom").write_text(MODEL.format(name=name, function=function))
        (tmp_path / f"specs/{name}.oomspec").write_text(SPEC.format(name=name))
    make_tree(tmp_path / "tree")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and errors."""
    code = main(["lint", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def head(text: str) -> list[str]:
    """The first lines of the findings, and the lines that are in none."""
    blocks = text.split("\n\n")
    return [
        line for block in blocks for line in block.splitlines() if line.startswith(("warning[", "kernel ", "record"))
    ]


@pytest.mark.parametrize("paths", [["specs"], ["specs/a.oomspec", "specs/b.oomspec"]])
def test_all_there(work: Path, capsys: pytest.CaptureFixture[str], paths: list[str]) -> None:
    """References that are all there give no finding; each counts once in a file, and a library once."""
    expected = (0, "kernel 6.12.3: 4 references: 4 not recorded\n0 findings\n", "")
    assert lint(capsys, *paths, "--kernel-tree", "tree", "--strict") == expected


def test_model_alone(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model without specs is enough; nothing is written."""
    assert lint(capsys, "models/b.oom", "--kernel-tree", "tree") == (0, SUMMARY, "")
    assert not (work / "models/fingerprints.json").exists()


def test_findings(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not there is told at its place, and --strict fails for it."""
    make_tree(work / "tree", mm__reap_c=REAPER.replace("TRIES", "TRIALS"))
    code, out, _ = lint(capsys, "specs", "--kernel-tree", "tree")
    assert code == 0
    assert (
        out
        == (
            "warning[W0610]: mm/reap.c does not define `TRIES`\n"
            "  --> models/lib/bits.oom:2:21\n"
            "  |\n"
            '2 | const RETRIES = 2 @ "mm/reap.c:TRIES";\n'
            "  |                     ^^^^^^^^^^^^^^^^^ did you mean `TRIALS`?\n"
            "kernel 6.12.3: 4 references: 3 not recorded, 1 not found\n"
            "1 finding\n"
        )
        or "W0610" in out
    )
    assert lint(capsys, "specs", "--kernel-tree", "tree", "--strict")[0] == 1


def test_record(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was recorded is what later trees are compared with; recording again changes nothing."""
    recorded = work / "models/fingerprints.json"
    given = ("specs", "--kernel-tree", "tree")
    summary = "kernel 6.12.3: 4 references: 4 not recorded\nrecorded in models/fingerprints.json\n0 findings\n"
    assert lint(capsys, *given, "--record") == (0, summary, "")
    text = recorded.read_text()
    assert {name: sorted(found) for name, found in json.loads(text)["models"].items()} == {
        "a.oom": ["mm/reap.c:reap"],
        "b.oom": ["mm/reap.c:reap", "mm/reap.c:wake"],
        "lib/bits.oom": ["mm/reap.c:TRIES"],
    }
    again = "kernel 6.12.3: 4 references: 4 as recorded\nmodels/fingerprints.json has all of this\n0 findings\n"
    assert lint(capsys, *given, "--record") == (0, again, "")
    assert recorded.read_text() == text
    makefile = "VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 1\n"
    make_tree(work / "tree", mm__reap_c=REAPER.replace("victim + TRIES", "victim"), Makefile=makefile)
    code, out, _ = lint(capsys, *given, "--strict")
    assert code == 1
    changed = "warning[W0611]: mm/reap.c:reap of 7.2.1 differs from that of 6.12.3"
    assert head(out) == [changed, changed, "kernel 7.2.1: 4 references: 2 as recorded, 2 changed"]
    assert "the model describes linux v6.12, the tree is 7.2.1" in out
    assert lint(capsys, "models/a.oom", "--kernel-tree", "tree", "--record")[0] == 0
    code, out, _ = lint(capsys, *given)
    assert head(out) == [changed, "kernel 7.2.1: 4 references: 3 as recorded, 1 changed"]
    assert list(json.loads(recorded.read_text())["models"]["a.oom"]["mm/reap.c:reap"].values()) == [
        ["6.12.3"],
        ["7.2.1"],
    ]


def test_other_file(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--fingerprints names another record, which must be there unless it is written."""
    given = ("models/a.oom", "--kernel-tree", "tree", "--fingerprints", "else/prints.json")
    code, _, err = lint(capsys, *given)
    assert code == 2
    assert "error[E0001]: cannot read else/prints.json" in err
    assert lint(capsys, *given, "--record")[0] == 0
    assert sorted(json.loads((work / "else/prints.json").read_text())["models"]) == [
        "../models/a.oom",
        "../models/lib/bits.oom",
    ]
    assert "2 as recorded" in lint(capsys, *given)[1]


def test_only_what_exists_is_recorded(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that the tree does not have is told and not recorded."""
    (work / "models/lib/bits.oom").write_text(LIBRARY.replace("c:TRIES", "c:NONE"))
    assert lint(capsys, "models/a.oom", "--kernel-tree", "tree", "--record", "--strict")[0] == 1
    assert list(json.loads((work / "models/fingerprints.json").read_text())["models"]) == ["a.oom"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kernel-tree", "none"], "error[E0003]: none is no kernel tree: there is no such folder"),
        (["--kernel-tree", "models"], "error[E0003]: models is no kernel tree: it has neither Makefile, Kbuild nor mm"),
        (["--kernel-tree", "models/a.oom"], "error[E0003]: models/a.oom is no kernel tree: it is no folder"),
        (["--record"], "error[E0003]: --record needs --kernel-tree DIR"),
        (["--fingerprints", "x"], "error[E0003]: --fingerprints needs --kernel-tree DIR"),
    ],
)
def test_wrong_command_lines(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Wrong folders and flags are told, and nothing is linted."""
    code, out, err = lint(capsys, "models/a.oom", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_without_the_extra(work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tree-sitter the extra is named; lint without a tree does not need it."""
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    monkeypatch.delitem(sys.modules, "oomcheck.kerneltree.parse", raising=False)
    code, _, err = lint(capsys, "models/a.oom", "--kernel-tree", "tree")
    assert code == 2
    assert "error[E0504]: --kernel-tree needs tree_sitter, which is not installed" in err
    assert "pip install 'oomcheck[kernel]'" in err
    assert lint(capsys, "models/a.oom") == (0, "0 findings\n", "")


def test_wrong_reference(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that leads out of the tree is an error of the model."""
    (work / "models/lib/bits.oom").write_text(LIBRARY.replace("mm/reap.c", "../secret.c"))
    code, _, err = lint(capsys, "specs", "--kernel-tree", "tree", "--record")
    assert code == 2
    assert err.count("error[E0218]: `../secret.c:TRIES` is no source reference") == 1
    assert not (work / "models/fingerprints.json").exists()


def test_wrong_model(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of models that are in order references are checked; nothing is recorded, and the exit code is that of errors."""
    (work / "models/a.oom").write_text("model a;\nthread t { y = 1; }\n")
    code, out, err = lint(capsys, "specs", "--kernel-tree", "tree", "--record")
    assert code == 2
    assert out == "kernel 6.12.3: 3 references: 3 not recorded\n"
    assert "error[E0201]" in err
    assert not (work / "models/fingerprints.json").exists()


def test_broken_record(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that is none is an error, and is not overwritten."""
    recorded = work / "models/fingerprints.json"
    recorded.write_text("{}")
    code, _, err = lint(capsys, "specs", "--kernel-tree", "tree", "--record")
    assert code == 2
    assert "error[E0511]: models/fingerprints.json is no record of fingerprints" in err
    assert recorded.read_text() == "{}"
