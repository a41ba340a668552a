"""The file of fingerprints: how it reads, how it is written, and what recording changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.kerneltree.recorded import (
    NOTHING,
    SCHEMA,
    Recorded,
    find_record,
    load_record,
    record_text,
    updated,
    version_key,
)

A, B = "a" * 16, "b" * 16
SOME = Recorded({"lib/m.oom": {"mm/a.c:f": {A: ("6.9.1", "6.12.3"), B: ("7.0.0",)}, "mm/a.c:g": {B: ("unknown",)}}})


def read(path: Path, text: str) -> Recorded:
    """What a file with a text holds."""
    path.write_text(text, encoding="utf-8")
    return load_record(path)


def test_text(tmp_path: Path) -> None:
    """A line for each reference, sorted by version; what is written is read again."""
    text = record_text(SOME)
    assert text.splitlines()[4:6] == [
        f'   "mm/a.c:f": {{"{A}": ["6.9.1", "6.12.3"], "{B}": ["7.0.0"]}},',
        f'   "mm/a.c:g": {{"{B}": ["unknown"]}}',
    ]
    assert read(tmp_path / "f.json", text) == SOME
    assert read(tmp_path / "f.json", record_text(NOTHING)) == NOTHING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "expected an object, found an array"),
        ("{}", "no field 'schema'"),
        ('{"schema": "x", "models": {}}', "its schema is 'x'"),
        (json.dumps({"schema": SCHEMA, "models": {}, "more": 1}), "'more'"),
        (json.dumps({"schema": SCHEMA, "models": {"m": {"r": {"zz": []}}}}), "'zz' is no fingerprint"),
        (json.dumps({"schema": SCHEMA, "models": {"m": {"r": {A: [1]}}}}), "expected a string, found a number"),
        (json.dumps({"schema": SCHEMA, "models": {"m": {"r": []}}}), "expected an object, found an array"),
        ('{"schema": "x", "schema": "y"}', "a name occurs twice"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_no_record(tmp_path: Path, text: str, reason: str) -> None:
    """A file that is no record is an error with a reason."""
    with pytest.raises(OomcheckError) as caught:
        read(tmp_path / "f.json", text)
    (found,) = caught.value.diagnostics
    assert found.code == "E0511"
    assert reason in found.message


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is an error."""
    with pytest.raises(OomcheckError, match="E0001: cannot read"):
        load_record(tmp_path / "none.json")


def test_found_upward(tmp_path: Path) -> None:
    """The record of a folder is its own or that of the nearest folder above."""
    (tmp_path / "a/b").mkdir(parents=True)
    assert find_record(tmp_path / "a/b") is None
    (tmp_path / "fingerprints.json").write_text("")
    assert find_record(tmp_path / "a/b") == tmp_path / "fingerprints.json"
    (tmp_path / "a/fingerprints.json").write_text("")
    assert find_record(tmp_path / "a/b") == tmp_path / "a/fingerprints.json"


def test_updated() -> None:
    """A version moves to the fingerprint that it has now; what is gone is dropped, other files stay as they are."""
    other = Recorded({**SOME.models, "z.oom": {"mm/z.c:z": {A: ("1.0.0",)}}})
    found = {("lib/m.oom", "mm/a.c:f"): B, ("lib/m.oom", "mm/a.c:h"): A}
    made = updated(other, "6.12.3", {"lib/m.oom": ["mm/a.c:f", "mm/a.c:h", "mm/a.c:lost"]}, found)
    assert made == Recorded(
        {
            "lib/m.oom": {"mm/a.c:f": {A: ("6.9.1",), B: ("6.12.3", "7.0.0")}, "mm/a.c:h": {A: ("6.12.3",)}},
            "z.oom": {"mm/z.c:z": {A: ("1.0.0",)}},
        }
    )
    assert updated(made, "6.12.3", {"lib/m.oom": ["mm/a.c:f", "mm/a.c:h", "mm/a.c:lost"]}, found) == made
    assert updated(made, "1.0.0", {"z.oom": ["mm/z.c:z"]}, {}).models.keys() == {"lib/m.oom"}


@given(st.permutations(("6.1.192", "6.9.1", "6.12.0-rc1", "6.12.107", "7.2.12", "unknown")))
def test_order(versions: list[str]) -> None:
    """Versions are in the order of their numbers, and `unknown` is the last; the order of recording changes nothing."""
    assert sorted(versions, key=version_key) == ["6.1.192", "6.9.1", "6.12.0-rc1", "6.12.107", "7.2.12", "unknown"]
    made = NOTHING
    for version in versions:
        made = updated(made, version, {"m": ["r"]}, {("m", "r"): A if version < "6.5" else B})
    assert record_text(made).count("\n") == 8
    assert made.of("m", "r")[A] == tuple(version for version in sorted(versions, key=version_key) if version < "6.5")
