"""The canonical layout: what it looks like, and that it never changes more than blanks."""

from __future__ import annotations

import random
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomcheck.cli import fmt
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.lang.format import format_text
from oomcheck.lang.parsing import Start, comments, parse
from oomcheck.lang.scan import scan

ROOT = Path(__file__).parents[2]
EVERYTHING = Path(__file__).parent / "layout.oom"
SPEC = Path(__file__).parent / "layout.oomspec"


def start_of(path: Path) -> Start:
    """The start rule of a file."""
    return "spec" if path.suffix == ".oomspec" else "model"


def files() -> list[Path]:
    """All models and specs of this repository that parse."""
    found = [EVERYTHING, SPEC]
    for folder in ("models", "specs", "tests/corpus"):
        found += sorted((ROOT / folder).rglob("*.oom")) + sorted((ROOT / folder).rglob("*.oomspec"))
    return [path for path in found if parses(path)]


def parses(path: Path) -> bool:
    """Whether a file is free of syntax errors; some of the corpus are wrong on purpose."""
    try:
        parse(Source(str(path), path.read_text(encoding="utf-8")), start_of(path))
    except OomcheckError:
        return False
    return True


def formatted(text: str, start: Start = "model") -> str:
    """The text in canonical layout."""
    return format_text(Source("t", text), start)


def meaning(text: str, start: Start) -> tuple[list[tuple[str, str]], list[str]]:
    """Tokens with their kinds, and comments."""
    source = Source("t", text)
    return [(token.type, str(token)) for token in parse(source, start)[1]], [text for _, text in comments(source)]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_keep_their_meaning(path: Path) -> None:
    """Tokens and comments stay, and a second run changes nothing."""
    text = path.read_text(encoding="utf-8")
    result = formatted(text, start_of(path))
    assert meaning(result, start_of(path)) == meaning(text, start_of(path))
    assert formatted(result, start_of(path)) == result


def respaced(text: str, seed: int) -> str:
    """`text` with other blanks, line ends and more comments between its lexemes."""
    draw = random.Random(seed)
    gaps = (
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\n\n\n",
        " \n\t ",
        " /* c */ ",
        " // c\n",
        "\n// own line\n",
        "\r\n",
        "/* a\n b */",
    )
    result = ""
    last = ""
    for lexeme in scan(Source("t", text)):
        member = "->" in (last, lexeme.text)
        result += lexeme.text if (member and draw.random() < 0.5) or not result else draw.choice(gaps) + lexeme.text
        if lexeme.text.startswith("//"):
            result += "\n"
        last = lexeme.text
    return result


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(files()), seed=st.integers(0, 2**32))
def test_any_layout_keeps_its_meaning(path: Path, seed: int) -> None:
    """Whatever the blanks and comments were, only blanks change, and a second run changes nothing."""
    text = respaced(path.read_text(encoding="utf-8"), seed)
    start = start_of(path)
    try:
        before = meaning(text, start)
    except OomcheckError:  # `p->f` with blanks around the arrow
        return
    result = formatted(text, start)
    tokens, found = meaning(result, start)
    assert (tokens, found) == (before[0], [comment.replace("\r\n", "\n") for comment in before[1]])
    assert formatted(result, start) == result
    assert not re.search(r"\n\n\n", re.sub(r"(?s)/\*.*?\*/", "c", result))


@pytest.mark.parametrize("path", [EVERYTHING, SPEC], ids=lambda path: path.suffix)
def test_layout(path: Path) -> None:
    """A file with every construction, laid out by hand, stays as it is."""
    text = path.read_text(encoding="utf-8")
    assert formatted(text, start_of(path)) == text


def test_blanks_are_canonical() -> None:
    """Without line ends in the way, the layout does not depend on the blanks of the author."""
    text = "model m; int 0 .. 3 x [ 2 ] ;S*p; thread t{ x [0]=-1 ; if(x[0]<-1)x[1]++; else{p->f = ( 1 ) ;if(b){c();}}}"
    body = "\tx[0] = -1;\n\tif (x[0] < -1)\n\t\tx[1]++;\n\telse {\n\t\tp->f = (1);\n\t\tif (b) { c(); }\n\t}\n"
    assert formatted(text) == "model m;\nint 0..3 x[2];\nS *p;\nthread t {\n" + body + "}\n"


def test_arrow_keeps_its_meaning() -> None:
    """Without blanks `->` reaches a member, with blanks it is implication; both stay what they are."""
    text = "model m;\ndefine A = a->b -> c->d;\ndefine B = f(x)->y;\ndefine C = a  -> b;\n"
    assert "a->b -> c->d" in formatted(text)
    assert "f(x) -> y" in formatted(text)
    assert "a -> b" in formatted(text)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends(end: str) -> None:
    """Lines end with LF, whatever they ended with."""
    assert formatted(f"model m;{end}/* a{end}b */{end}bool x;{end}") == "model m;\n/* a\nb */\nbool x;\n"


def test_checks_line_up() -> None:
    """The colons of checks stand in one column."""
    text = 'spec for "m.oom";\ncheck a:b;\n\ncheck long:b\nexpect holds;\n'
    assert formatted(text, "spec") == 'spec for "m.oom";\ncheck a    : b;\n\ncheck long : b\n\texpect holds;\n'


def test_rewrites_in_place(tmp_path: Path) -> None:
    """A file is replaced in one go and keeps its mode; a link stays a link."""
    path, link = tmp_path / "m.oom", tmp_path / "link.oom"
    path.write_text("model  m;", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    assert fmt.run([str(link)], check=False) == 0
    assert path.read_text(encoding="utf-8") == "model m;\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.oom", "m.oom"]


def test_canonical_file_is_not_touched(tmp_path: Path) -> None:
    """Nothing is written where nothing changes."""
    path = tmp_path / "m.oom"
    path.write_text("model m;\n", encoding="utf-8")
    before = path.stat()
    assert fmt.run([str(path)], check=False) == 0
    assert path.stat() == before or path.stat().st_mtime_ns == before.st_mtime_ns


def test_check_prints_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --check the file stays, the difference is printed and the exit code is 1."""
    path = tmp_path / "m.oom"
    path.write_bytes(b"model m;\r\n// \x1b[31m\n")
    assert fmt.run([str(path)], check=True) == 1
    out = capsys.readouterr().out
    assert out == f"--- {path}\n+++ {path} (formatted)\n@@ -1,2 +1,2 @@\n-model m;\\r\n+model m;\n // \\x1b[31m\n"
    assert path.read_bytes() == b"model m;\r\n// \x1b[31m\n"
    path.write_text("model m;\n", encoding="utf-8")
    assert fmt.run([str(path)], check=True) == 0


def test_wrong_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with syntax errors is reported and stays; the others are formatted."""
    wrong, good = tmp_path / "w.oom", tmp_path / "g.oom"
    wrong.write_text("model  m", encoding="utf-8")
    good.write_text("model  m;", encoding="utf-8")
    assert fmt.run([str(wrong), str(good), str(tmp_path)], check=False) == 2
    assert wrong.read_text(encoding="utf-8") == "model  m"
    assert good.read_text(encoding="utf-8") == "model m;\n"
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")] == [
        "error[E0101]: missing `;` after `m`",
        f"error[E0001]: cannot read {tmp_path}: it is a directory",
    ]
