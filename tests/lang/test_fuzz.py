"""Whatever is in a file, the front end answers with diagnostics and never with a traceback.

`HYPOTHESIS_PROFILE=random FUZZ_EXAMPLES=20000 pytest --timeout=0 tests/lang/test_fuzz.py` for a long run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oomcheck
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.render import render_dict, render_text
from oomcheck.diag.span import Source
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.format import format_text
from oomcheck.lang.grammar import keywords
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.parsing import read_source
from oomcheck.lang.scan import scan
from oomcheck.lang.spec import plan, typed_properties

ROOT = Path(__file__).parents[2]
FOLDERS: Final = ("models", "specs", "tests/corpus", "tests/lang")
EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "150"))
WORDS: Final = (
    "0",
    "1",
    "-1",
    "999999999",
    "x",
    "t",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "*",
    "&",
    "->",
    "..",
    '"',
)

Mutation = tuple[str, int, int]


@cache
def names() -> tuple[str, ...]:
    """All models and specs, by their paths below the root."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.oom*"))]
    return tuple(str(path.relative_to(ROOT)) for path in found if path.suffix in (".oom", ".oomspec"))


@cache
def vocabulary() -> tuple[str, ...]:
    """Words to insert."""
    return (*WORDS, *sorted(keywords()))


def mutated(data: bytes, mutations: list[Mutation]) -> bytes:
    """`data` with the mutations applied one after the other; the numbers choose places, modulo what there is."""
    for kind, where, what in mutations:
        data = (
            on_bytes(data, kind, where, what) if kind in ("byte", "cut", "flip") else on_tokens(data, kind, where, what)
        )
    return data


def on_bytes(data: bytes, kind: str, where: int, what: int) -> bytes:
    """Insert a byte, cut the rest off, or change a byte."""
    place = where % (len(data) + 1)
    if kind == "cut":
        return data[:place]
    return data[:place] + bytes([what % 256]) + data[place + (kind == "flip") :]


def on_tokens(data: bytes, kind: str, where: int, what: int) -> bytes:
    """Delete, double, swap or replace a token, by one alike or by any, or insert another one."""
    text = data.decode("utf-8", "replace")
    lexemes = [lexeme for lexeme in scan(Source("f", text)) if lexeme.kind != "comment"]
    if not lexemes:
        return data
    if kind in ("name", "number"):  # such texts still parse, and reach the later phases
        alike = [lexeme for lexeme in lexemes if lexeme.kind == "word" and lexeme.text.isdigit() == (kind == "number")]
        lexemes = [lexeme for lexeme in alike if lexeme.text not in keywords()] or lexemes
    lexeme, other = lexemes[where % len(lexemes)], lexemes[what % len(lexemes)]
    new = {
        "delete": "",
        "double": f"{lexeme.text} {lexeme.text}",
        "swap": other.text,
        "word": vocabulary()[what % len(vocabulary())],
        "insert": f"{other.text} {lexeme.text}",
        "name": other.text,
        "number": str(what % 7),
    }[kind]
    if kind == "swap" and lexeme.start < other.start:
        text = text[: other.start] + lexeme.text + text[other.end :]
    return (text[: lexeme.start] + new + text[lexeme.end :]).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of all models and specs, where one at a time is replaced."""
    folder = tmp_path_factory.mktemp("fuzz")
    for name in names():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def front_end(path: Path) -> None:
    """Everything between files and what an engine gets: layout, names and types, lowering, the properties of a spec."""
    source = read_source(path, path.name)
    if path.suffix == ".oomspec":
        format_text(source, "spec")
        spec, _ = read_spec(path)
        base = load_model(path.parent / spec.model, {})
        plan(spec, str(path), base, {})
        typed_properties(spec, lower(base))
    else:
        format_text(source, "model")
        oomcheck.load(path)


KINDS: Final = ("name", "number", "name", "number", "delete", "double", "swap", "word", "insert", "byte", "cut", "flip")
MUTATIONS: Final = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=4
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(name=st.sampled_from(names()), mutations=MUTATIONS)
def test_only_diagnostics(copies: Path, name: str, mutations: list[Mutation]) -> None:
    """A mutated file gives a result or diagnostics that can be shown."""
    path = copies / name
    original = path.read_bytes()
    path.write_bytes(mutated(original, mutations))
    try:
        check(path)
    finally:
        path.write_bytes(original)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), spec=st.booleans())
def test_any_bytes(copies: Path, data: bytes, spec: bool) -> None:
    """So does a file of any bytes."""
    path = copies / ("any.oomspec" if spec else "any.oom")
    path.write_bytes(data)
    check(path)
    path.write_bytes((b'spec for "a.oom";\n' if spec else b"model m;\n") + data)
    check(path)


def check(path: Path) -> None:
    """Run the front end; every diagnostic can be rendered."""
    found: tuple[Diagnostic, ...] = ()
    try:
        front_end(path)
    except OomcheckError as problem:
        found = problem.diagnostics
    for diagnostic in found:
        assert diagnostic.message
        assert "__ANON" not in render_text(diagnostic)
        assert render_dict(diagnostic)["code"] == diagnostic.code
