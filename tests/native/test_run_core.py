"""Calls of the C functions about runs: records, interrupts, refusals."""

from __future__ import annotations

import ctypes
import subprocess
import time
from ctypes import Structure, c_int
from pathlib import Path

import pytest

from oomcheck.analysis.components import Stopped, never
from oomcheck.native import run_core
from oomcheck.native.run_core import interruptible
from tests.native.run_library import HERE, compile_runs

RECORDS: dict[str, type[Structure]] = {
    "run_graph": run_core.Graph,
    "run_moves": run_core.Moves,
    "run_automaton": run_core.AutomatonTables,
    "run_demands": run_core.DemandTables,
    "run_query": run_core.Query,
    "run_lasso": run_core.LassoFound,
    "run_weights": run_core.Weights,
    "run_longest": run_core.LongestFound,
}
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def test_records_are_those_of_c(tmp_path: Path) -> None:
    """Each record has the size, and each field the name and place, that the C compiler gives it."""
    fields = [(name, field[0]) for name, record in RECORDS.items() for field in record._fields_]
    lines = [f'printf("%zu\\n", sizeof(struct {name}));' for name in RECORDS]
    lines += [f'printf("%zu\\n", offsetof(struct {name}, {field}));' for name, field in fields]
    text = (
        "#include <stddef.h>\n#include <stdio.h>\n#include <runs.h>\n\nint main(void)\n{\n" + "\n".join(lines) + "\n}\n"
    )
    (tmp_path / "records.c").write_text(text, encoding="utf-8")
    compile_runs(tmp_path / "records", tmp_path / "records.c")
    printed = subprocess.run([tmp_path / "records"], capture_output=True, text=True, timeout=10, check=True).stdout
    expected = [ctypes.sizeof(record) for record in RECORDS.values()]
    expected += [getattr(RECORDS[name], field).offset for name, field in fields]
    assert [int(line) for line in printed.split()] == expected


def test_exact_answers_under_sanitizers(tmp_path: Path) -> None:
    """Random questions get the answers of naive algorithms, every failing allocation is told, no memory is misused."""
    wrapped = "-Wl,--wrap=realloc,--wrap=malloc,--wrap=pages_new"
    compile_runs(tmp_path / "runs", *SANITIZERS, wrapped, HERE / "runs_test.c")
    ended = subprocess.run([tmp_path / "runs"], capture_output=True, text=True, timeout=100, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_poll_sets_the_flag() -> None:
    """What `poll` raises while C code runs makes that come back, and then goes on its way: Ctrl-C is such a thing."""
    stop, calls = c_int(0), []

    def spin() -> int:
        while not stop.value:
            time.sleep(0.001)
        return 1

    def poll() -> None:
        calls.append(stop.value)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interruptible(spin, stop, poll)
    assert calls == [0, 0, 0]
    assert stop.value == 1


@pytest.mark.parametrize(("status", "reason"), [(2, "memory"), (3, r"2\^31 pairs")])
def test_refusals(status: int, reason: str) -> None:
    """Where the machine or the numbers do not suffice, the search was stopped, and says why."""
    with pytest.raises(Stopped, match=reason):
        interruptible(lambda: status, c_int(0), never)
