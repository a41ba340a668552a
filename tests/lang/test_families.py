"""Which parameters are a number of threads and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.lang.families import mentioned_in, thread_parameters
from oomcheck.lang.load import read_files, read_spec

MODEL = """model m;
param int N >= 1;      // N threads
%s
"""


def found(folder: Path, rest: str) -> dict[str, tuple[str, int | None]]:
    """Families by parameter, each with the line of another place that the parameter occurs at."""
    path = folder / "m.oom"
    path.write_text(MODEL % rest)
    threads = thread_parameters(read_files(path))
    return {name: (one.family, one.elsewhere.line if one.elsewhere else None) for name, one in threads.items()}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("thread t[N] { skip; }", {"N": ("t", None)}),
        ("process p { thread a[N] { skip; } thread b { skip; } }", {"N": ("p.a", None)}),
        ('thread t[N] { assert true "N is fine"; }', {"N": ("t", None)}),
        ("thread t[N] { skip; }\nint n = N;", {"N": ("t", 4)}),
        ("define SIZE = N;\nthread t[N] { skip; }", {"N": ("t", 3)}),
        ("bool seen[N];\nthread t[N] { skip; }", {"N": ("t", 3)}),
        ("thread t[N] { skip; }\nthread u[N] { skip; }", {}),
        ("process p[2] { thread a[N] { skip; } }", {}),
        ("thread t[N + 1] { skip; }", {}),
        ("process p[N] { thread a { skip; } }", {}),
        ("bool seen[N];\nthread t { skip; }", {}),
    ],
)
def test_a_number_of_threads(tmp_path: Path, rest: str, expected: dict[str, tuple[str, int | None]]) -> None:
    """It is the size of one array of threads outside of arrays of processes; other places are told."""
    assert found(tmp_path, rest) == expected


@pytest.mark.parametrize("bounds", ["in 1 .. 4", ""])
def test_a_parameter_with_an_upper_bound_is_none(tmp_path: Path, bounds: str) -> None:
    """Only `>= LOW` can stay open."""
    path = tmp_path / "m.oom"
    path.write_text(f"model m; param int N = 2 {bounds}; thread t[N] {{ skip; }}")
    assert thread_parameters(read_files(path)) == {}


def test_properties_that_a_spec_has_it_in(tmp_path: Path) -> None:
    """Properties count, checks do not; a `define` concerns all properties."""
    path = tmp_path / "m.oomspec"
    text = 'spec for "m.oom";\ninvariant a : n <= N;\ninvariant b : n <= 3;\ncheck c : b with N in 1 .. 3;\n'
    path.write_text(text)
    assert {name: span.line for name, span in mentioned_in(read_spec(path)[0], "N").items()} == {"a": 2}
    path.write_text(text + "define most = N;\n")
    assert {name: span.line for name, span in mentioned_in(read_spec(path)[0], "N").items()} == {"a": 5, "b": 5}
