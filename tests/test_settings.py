"""Settings: where they come from, which place wins, and what each accepts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.result.exploration import Limits
from oomcheck.settings import (
    PARSERS,
    BadValueError,
    Settings,
    parse_count,
    parse_size,
    parse_time,
    resolve,
)


def messages(cli: dict[str, str | None], environ: dict[str, str], cwd: Path) -> list[tuple[str, str]]:
    """Code and text of every complaint."""
    with pytest.raises(OomcheckError) as caught:
        resolve(cli, environ, cwd)
    return [(diagnostic.code, diagnostic.message) for diagnostic in caught.value.diagnostics]


def project(folder: Path, text: str) -> Path:
    """A pyproject.toml with `text` in `folder`."""
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(tmp_path: Path) -> None:
    """Without any setting nothing bounds the search and the answer is text."""
    project(tmp_path, "")
    settings = resolve({"depth": None}, {"PATH": "/bin"}, tmp_path)
    assert settings == Settings()
    assert settings.limits == Limits()
    assert (settings.format, settings.color, settings.engine) == ("text", "auto", "auto")


def test_every_setting_has_a_parser() -> None:
    """The table of parsers covers the settings exactly."""
    assert list(PARSERS) == [field.name for field in fields(Settings)]


def test_precedence(tmp_path: Path) -> None:
    """Command line wins over environment, that over pyproject.toml, that over defaults."""
    project(tmp_path, '[tool.oomcheck]\nmax-states = 1_000\ntimeout = "5m"\ndepth = 7\nformat = "json"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    environ = {"OOMCHECK_TIMEOUT": "30", "OOMCHECK_DEPTH": "8", "OOMCHECK_MAX_MEMORY": "2G"}
    settings = resolve({"depth": "9", "engine": "explicit", "timeout": None}, environ, inner)
    assert settings == Settings(1000, 30.0, 2 * 1024**3, 9, "json", "auto", "explicit")
    assert settings.limits == Limits(max_states=1000, timeout=30.0, max_memory=2 * 1024**3, depth=9)


def test_none_lifts_a_bound(tmp_path: Path) -> None:
    """A stronger place can take back the bound of a weaker one."""
    project(tmp_path, "[tool.oomcheck]\nmax_states = 10\ntimeout = 1.5\n")
    settings = resolve({"max_states": "none"}, {}, tmp_path)
    assert (settings.max_states, settings.timeout) == (None, 1.5)


def test_nearest_project_file(tmp_path: Path) -> None:
    """Only the nearest pyproject.toml counts, with or without a table for us."""
    project(tmp_path, "[tool.oomcheck]\ndepth = 3\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert resolve({}, {}, inner).depth == 3
    project(inner, "[project]\nname = 'x'\n")
    assert resolve({}, {}, inner).depth is None


def test_all_complaints_at_once(tmp_path: Path) -> None:
    """Every wrong setting is named with its place and with what is allowed."""
    path = project(tmp_path, "[tool.oomcheck]\nmax-state = 3\ncolor = 'blue'\n")
    found = messages({"timeout": "soon", "depth": "-1"}, {"OOMCHECK_FORMAT": "xml", "OOMCHECK_HASTE": "2"}, tmp_path)
    assert found == [
        (
            "E0008",
            f"{path}: [tool.oomcheck] max-state is no setting; "
            "there are max-states, timeout, max-memory, depth, format, color, engine, jobs, rlimit",
        ),
        ("E0008", f"{path}: [tool.oomcheck] color: expected auto, always or never, found 'blue'"),
        ("E0008", "OOMCHECK_FORMAT: expected text, json, junit, ktap, sarif or github, found 'xml'"),
        (
            "E0008",
            "OOMCHECK_HASTE is no setting; there are OOMCHECK_MAX_STATES, OOMCHECK_TIMEOUT, OOMCHECK_MAX_MEMORY, "
            "OOMCHECK_DEPTH, OOMCHECK_FORMAT, OOMCHECK_COLOR, OOMCHECK_ENGINE, OOMCHECK_JOBS, "
            "OOMCHECK_RLIMIT",
        ),
        ("E0003", "--timeout: expected a time such as 30, 30s, 5m or 2h, found 'soon'"),
        ("E0003", "--depth: expected a number of steps such as 40, found '-1'"),
    ]


def test_jobs(tmp_path: Path) -> None:
    """Threads of a search: none given means one for each core."""
    assert resolve({}, {}, tmp_path).jobs is None
    assert resolve({}, {"OOMCHECK_JOBS": "3"}, tmp_path).jobs == 3
    assert messages({"jobs": "0"}, {}, tmp_path) == [
        ("E0003", "--jobs: expected a whole number of at least 1, found '0'")
    ]
    assert messages({"jobs": "2000"}, {}, tmp_path) == [("E0003", "--jobs: expected at most 1024, found '2000'")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool", "not TOML (Expected ']' at the end of a table declaration (at end of document))"),
        ("a = " + "[" * 100_000, "not TOML (nested too deep)"),
        ("[tool]\noomcheck = 3\n", "expected a table [tool.oomcheck]"),
        ("[tool.oomcheck]\ndepth = true\n", "[tool.oomcheck] depth: expected a string or a number"),
        ("[tool.oomcheck]\ndepth = [1]\n", "[tool.oomcheck] depth: expected a string or a number"),
        ("[tool.oomcheck]\ndepth = nan\n", "[tool.oomcheck] depth: expected a number of steps such as 40, found 'nan'"),
        (
            "[tool.oomcheck]\ndepth = 1.5\n",
            "[tool.oomcheck] depth: expected a whole number of at least 0, found '1.500000'",
        ),
    ],
)
def test_broken_project_file(tmp_path: Path, text: str, message: str) -> None:
    """A pyproject.toml that cannot be read is an error that names it."""
    path = project(tmp_path, text)
    assert messages({}, {}, tmp_path) == [("E0008", f"{path}: {message}")]


def test_project_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are not TOML."""
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"\xff")
    ((code, message),) = messages({}, {}, tmp_path)
    assert code == "E0008"
    assert message.startswith(f"{path}: not TOML (")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1_000_000", 10**6), ("1e6", 10**6), ("10k", 10_000), ("2M", 2 * 10**6), ("1.5k", 1500), (" 7 ", 7)],
)
def test_counts(text: str, value: int) -> None:
    """Counts are decimal, with decimal units."""
    assert parse_count(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("4096", 4096), ("2G", 2 << 30), ("512M", 512 << 20), ("64KiB", 64 << 10), ("1 tb", 1 << 40), ("0.5g", 1 << 29)],
)
def test_sizes(text: str, value: int) -> None:
    """Sizes have binary units."""
    assert parse_size(text) == value


@pytest.mark.parametrize(("text", "value"), [("30", 30), ("30s", 30), ("5m", 300), ("2h", 7200), ("0.25", 0.25)])
def test_times(text: str, value: float) -> None:
    """Times are seconds unless they say otherwise."""
    assert parse_time(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1.5", "1e99", "1e19", "9" * 30, "k", "1x", "0x10", "١", "1e6e6", "inf"]
)
def test_wrong_counts(text: str) -> None:
    """What is not a positive whole number of sensible size is refused."""
    with pytest.raises(BadValueError):
        parse_count(text)


@given(name=st.sampled_from(list(PARSERS)), text=st.text())
def test_any_text_is_parsed_or_refused(name: str, text: str) -> None:
    """No text makes a parser fail in another way than by refusing it."""
    try:
        value = PARSERS[name](text)
    except BadValueError as problem:
        value = str(problem)
    assert value is None or isinstance(value, str | int | float)
