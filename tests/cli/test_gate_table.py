"""`oomcheck gate --table`: pages whose tables are those of the run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from tests.conftest import Golden
from tests.gate.trees import lay, put

PAGE = """# Models

By hand.

<!-- begin: table more/* -->
<!-- end -->

<!-- begin: table * -->
<!-- end -->

<!-- begin: answers answers.toml one -->
<!-- end -->
"""
ANSWERS = """[one]
text = ["what"]
answers = ["P1"]
rows = [{ what = "as it is", P1 = ["m/grows/three[LAST=5]", "at first: m/bound/three"] }]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in the folder of the tree, and have a cache of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def gate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output on one line, and errors of a gate by the engine that needs no compiler."""
    capsys.readouterr()
    code = main(["gate", "--engine", "reference", *arguments])
    shown = capsys.readouterr()
    return code, re.sub(r"\s+", " ", shown.out), re.sub(r"\s+", " ", shown.err)


def lay_page(folder: Path, page: str = PAGE) -> Path:
    """The tree with a page, and what it shows."""
    lay(folder)
    put(folder, "docs/answers.toml", ANSWERS)
    return put(folder, "docs/page.md", page)


def test_write_and_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    """A page that was written is current until something of it changes, be it by hand; seconds do not count."""
    page = lay_page(tmp_path)
    code, text, _ = gate(capsys, "--table", "docs/page.md")
    assert code == 1
    assert "docs/page.md:6 is not current: it has `<!-- end -->`, this run `| model | kernel |" in text
    assert "`oomcheck gate specs --table docs/page.md --write-table` renews it" in text
    assert gate(capsys, "--table", "docs/page.md", "--write-table")[0] == 0
    written = page.read_text(encoding="utf-8")
    golden(re.sub(r"\| \d+\.\d \|", "| 0.0 |", written), "cli/gate_table.md")
    assert sorted(path.name for path in page.parent.iterdir()) == ["answers.toml", "page.md"]
    assert gate(capsys, "--table", "docs/page.md")[0] == 0
    for old, new, told in [
        ("| VIOLATED |", "| HOLDS |", "docs/page.md:14 is not current: it has `HOLDS`, this run `VIOLATED`"),
        ("#L7)", "#L8)", "docs/page.md:21 is not current: it has"),
    ]:
        assert old in written
        page.write_text(written.replace(old, new), encoding="utf-8")
        code, text, _ = gate(capsys, "--table", "docs/page.md")
        assert (code, told in text) == (1, True)
    page.write_text(re.sub(r"\| \d+\.\d \|", "| 99.9 |", written).replace("By hand.", "Otherwise."), encoding="utf-8")
    assert gate(capsys, "--table", "docs/page.md")[0] == 0


def test_several_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each page that is not current is told."""
    lay_page(tmp_path)
    put(tmp_path, "page.md", "<!-- begin: answers docs/answers.toml one -->\n<!-- end -->\n")
    code, text, _ = gate(capsys, "--table", "docs/page.md", "--table", "page.md")
    assert code == 1
    assert "docs/page.md:6 is not current" in text
    assert "page.md:2 is not current" in text
    assert gate(capsys, "--table", "page.md", "--write-table")[0] == 0
    assert "[HOLDS](specs/m.oomspec#L6)" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_an_answer_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A result that is not there fails the comparison, and nothing is written."""
    page = lay_page(tmp_path)
    put(tmp_path, "docs/answers.toml", ANSWERS.replace("LAST=5", "LAST=9"))
    code, text, _ = gate(capsys, "--table", "docs/page.md")
    assert (code, "docs/page.md has no answer: `m/grows/three[LAST=9]` has no result" in text) == (1, True)
    code, _, errors = gate(capsys, "--table", "docs/page.md", "--write-table")
    assert (code, "`m/grows/three[LAST=9]` has no result" in errors) == (2, True)
    assert page.read_text(encoding="utf-8") == PAGE


def test_a_gate_with_holes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gate that does not know all verdicts makes no table."""
    page = lay_page(tmp_path)
    put(tmp_path, "models/m.oom", (tmp_path / "models/m.oom").read_text(encoding="utf-8").replace("x = i", "z = i"))
    code, text, _ = gate(capsys, "--table", "docs/page.md")
    assert (code, "docs/page.md was compared with nothing: some specs have no verdicts" in text) == (2, True)
    code, _, errors = gate(capsys, "--table", "docs/page.md", "--write-table")
    assert (code, "docs/page.md: not written, as some specs have no verdicts" in errors) == (2, True)
    assert page.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--write-table",), "--write-table needs --table FILE"),
        (("--table", "docs/page.md", "--quick"), "--table is about a whole gate"),
        (("--table", "docs/page.md", "-p", "small"), "--table is about a whole gate"),
        (("--table", "docs/page.md", "specs/m.oomspec"), "--table is about a folder of specs"),
        (("--table", "docs/none.md"), "cannot read docs/none.md"),
        (("--table", "docs/answers.toml"), "docs/answers.toml has no place for a table"),
        (("--table", "docs/lost.md"), "no table of docs/lost.md takes the spec `m`"),
        (("--table", "docs/two.md"), "docs/answers.toml has no table `two`"),
        (("--table", "docs/gone.md"), "cannot read docs/gone.toml"),
    ],
)
def test_wrong_command_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """What cannot be meant is an error before anything is checked."""
    lay_page(tmp_path)
    put(tmp_path, "docs/lost.md", "<!-- begin: table more/* -->\n<!-- end -->\n")
    put(tmp_path, "docs/two.md", "<!-- begin: answers answers.toml two -->\n<!-- end -->\n")
    put(tmp_path, "docs/gone.md", "<!-- begin: answers gone.toml one -->\n<!-- end -->\n")
    code, text, errors = gate(capsys, *arguments)
    assert (code, text) == (2, "")
    assert message in errors
