"""Reading files, and the limits of the parser."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.span import Source
from oomcheck.lang import grammar
from oomcheck.lang.generate import read_grammar
from oomcheck.lang.nodes import Tree
from oomcheck.lang.parsing import MAX_BYTES, comments, parse, parse_tree, read_source
from oomcheck.lang.syntax_words import WORDS, expected

HEAD = "model m;\n"
ROOT = Path(__file__).parents[2]


def failure(text: str, start: Literal["model", "spec"] = "model") -> Diagnostic:
    """The one diagnostic that `text` gives."""
    with pytest.raises(OomcheckError) as caught:
        parse_tree(Source("t.oom", text), start)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def unreadable(path: Path) -> Diagnostic:
    """The one diagnostic of reading a file."""
    with pytest.raises(OomcheckError) as caught:
        read_source(path, "shown.oom")
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def write(folder: Path, data: bytes) -> Path:
    """A file with this content."""
    path = folder / "m.oom"
    path.write_bytes(data)
    return path


def test_strict_grammar() -> None:
    """The grammar has no conflict that Lark would resolve silently."""
    read_grammar(grammar.grammar_text(), strict=True)


def test_every_terminal_has_words() -> None:
    """No message shows the internal name of a terminal."""
    for terminal in grammar.tables().terminals:
        if terminal.name not in ("WS", "COMMENT"):
            assert terminal.text or terminal.name in WORDS
            assert terminal.name not in expected([terminal.name]) or terminal.name == terminal.text


def test_missing_file(tmp_path: Path) -> None:
    """A missing file is named as the user named it."""
    found = unreadable(tmp_path / "none.oom")
    assert (found.code, found.message) == ("E0001", "cannot read shown.oom: No such file or directory")


def test_directory(tmp_path: Path) -> None:
    """A directory is not a file."""
    assert unreadable(tmp_path).message == "cannot read shown.oom: it is a directory"


def test_name_with_nul() -> None:
    """A name that the system refuses is a message too."""
    assert unreadable(Path("a\0b")).message == "cannot read shown.oom: this cannot be the name of a file"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"model m;\n\0", "shown.oom is not a text file: byte 9 is NUL"),
        (b"model \xff;\n", "shown.oom is not a text file: byte 6 (0xff) is not UTF-8"),
        (b"model m;// \xc3", "shown.oom is not a text file: byte 11 (0xc3) is not UTF-8"),
        (b"\x7fELF\x02\x01\x01\0", "shown.oom is not a text file: byte 7 is NUL"),
    ],
)
def test_binary(tmp_path: Path, data: bytes, message: str) -> None:
    """Binary files are refused with the offset of the first byte that is wrong."""
    found = unreadable(write(tmp_path, data))
    assert (found.code, found.message) == ("E0002", message)


def test_size_limit(tmp_path: Path) -> None:
    """Four MiB are read, one byte more is refused."""
    assert len(read_source(write(tmp_path, b" " * MAX_BYTES), "m").text) == MAX_BYTES
    assert unreadable(write(tmp_path, b" " * (MAX_BYTES + 1))).code == "E0009"


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    """Both are accepted, and columns are those an editor shows."""
    source = read_source(write(tmp_path, b"\xef\xbb\xbfmodel m; // c\r\nint 0..3 x y;\r\n"), "m")
    assert comments(source)[0][1] == "// c"
    with pytest.raises(OomcheckError) as caught:
        parse_tree(source, "model")
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert (span.line, span.column, span.text) == (2, 12, "y")
    assert source.line_text(2) == "int 0..3 x y;"


def test_comments_in_order() -> None:
    """Comments keep their delimiters; those within texts are none."""
    source = Source("m", 'model m source "// no /* no */"; // one\n/* two\n*/ // three')
    assert [text for _, text in comments(source)] == ["// one", "/* two\n*/", "// three"]
    assert [span.text for span, _ in comments(source)] == ["// one", "/* two\n*/", "// three"]


def test_all_tokens() -> None:
    """The tokens include those that the tree leaves out."""
    tree, read = parse(Source("m", HEAD + "bool b; // c\n"), "model")
    assert isinstance(tree, Tree)
    assert read == ("model", "m", ";", "bool", "b", ";")
    assert [token.type for token in read] == ["MODEL", "NAME", "SEMICOLON", "BOOL", "NAME", "SEMICOLON"]


def test_keyword_that_goes_on_is_no_keyword() -> None:
    """A keyword ends where its word ends, also where no name could stand."""
    assert failure('spec for "a";\ncheckx : a;', "spec").message.startswith("expected a property")
    assert failure("modelm;").code == "E0101"
    assert failure(HEAD + "const A = 12b;").message == "`12b` is neither a number nor a name"


@pytest.mark.parametrize("word", ["true", "NULL", "if", "and", "int", "thread", "current"])
def test_reserved_words(word: str) -> None:
    """These words are never names, though the grammar could tell them apart in places."""
    found = failure(HEAD + f"enum E {{ {word} }};")
    assert found.hint == f"`{word}` is a word of the language and cannot be a name here"


@pytest.mark.parametrize(
    "text",
    [
        "const A = " + "(" * 100_000,
        "const A = " + "(" * 101 + "1" + ")" * 101 + ";",
        "thread t " + "{" * 5000 + "}" * 5000,
        "const A = " + "+".join("a" * 10_000) + ";",
        "const A = " + "-" * 5000 + "1;",
        "const A = " + "!" * 5000 + "b;",
        "const A = " + " -> ".join("b" * 5000) + ";",
        "const A = " + "b ? 1 : " * 5000 + "2;",
        "const A = a" + ".b" * 5000 + ";",
        "const A = a" + "[0]" * 5000 + ";",
        "thread t { " + "if (a) skip; else " * 5000 + "skip; }",
        "thread t { " + "if (a) " * 5000 + "skip; }",
        "thread t { " + "while (a) " * 5000 + "skip; }",
        "thread t { " + "l: " * 5000 + "skip; }",
        "const A = " + "forall i in S : " * 5000 + "b;",
    ],
)
def test_deep_nesting(text: str) -> None:
    """Deep nesting of any kind is refused before something recurses over it."""
    found = failure(HEAD + text)
    assert found.code == "E0009"
    assert found.span is not None
    assert found.span.line == 2


def test_wide_is_not_deep() -> None:
    """Long bodies and moderate chains are fine."""
    parse_tree(Source("m", HEAD + "thread t { " + "x = 1; " * 5_000 + "}"), "model")
    parse_tree(Source("m", HEAD + "const A = " + "+".join("a" * 150) + ";"), "model")
    parse_tree(Source("m", HEAD + "thread t { " + "if (a) skip; else " * 90 + "skip; }"), "model")


def test_long_lines() -> None:
    """A line of a megabyte is parsed, and an error in it is shown in part."""
    parse_tree(Source("m", HEAD + "enum E { " + ", ".join(f"m{i:050}" for i in range(20_000)) + " };"), "model")
    found = failure(HEAD + "enum E { " + ", ".join(f"m{i:050}" for i in range(20_000)) + " ; }")
    assert found.message == "expected `,` or `}`, found `;`"
    assert len(failure(HEAD + "x" * 1_000_000 + " = 1;").message) < 100


@pytest.mark.parametrize(("digits", "good"), [(18, True), (19, False), (5000, False)])
def test_digits(digits: int, good: bool) -> None:
    """Integers have at most 18 digits."""
    text = HEAD + f"const A = {'9' * digits};"
    if good:
        parse_tree(Source("m", text), "model")
    else:
        assert failure(text).code == "E0105"


@pytest.mark.parametrize("text", ["", " \n\t", "\r\n"])
@pytest.mark.parametrize(("start", "header"), [("model", "`model NAME;`"), ("spec", '`spec for "MODEL.oom";`')])
def test_empty(text: str, start: Literal["model", "spec"], header: str) -> None:
    """An empty file is told what it should start with."""
    found = failure(text, start)
    assert found.message == "the file is empty"
    assert found.hint.endswith(f"starts with {header}")
