"""A small tree of models and specs, and gates of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oomcheck.gate.options import GateOptions
from oomcheck.gate.run import run_gate
from oomcheck.gate.suite import find_suite
from oomcheck.result.exploration import Limits
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.verdict import word

MODEL = """model m;
import "lib/a.oom";
param int LAST = 2 in 1 .. 5;
marked int 0..9 x;
thread t { for (i in 1 .. LAST) x = i; bump(); }
"""
A = 'library a;\nimport "b.oom";\nvoid bump() { y = TOP; }\n'
B = "library b;\nconst TOP = 3;\nmarked int 0..9 y;\n"
SPEC = """spec for "../models/m.oom";
invariant small "x stays small" : x <= 5;
cover two : x == 2;
never three : x == 3;
check all   : small, two;
check bound : three with LAST in 1 .. 2 expect holds;
check grows : three with LAST in 3 .. 5 quick with LAST = 4 expect violated;
"""
OTHER = """spec for "../../models/m.oom";
invariant low : x < 9;
check c : low expect holds because "x is small";
"""


def put(folder: Path, name: str, text: str) -> Path:
    """A file with `text` in `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def lay(folder: Path) -> Path:
    """The tree; the folder of its specs."""
    put(folder, "models/m.oom", MODEL)
    put(folder, "models/lib/a.oom", A)
    put(folder, "models/lib/b.oom", B)
    put(folder, "specs/m.oomspec", SPEC)
    put(folder, "specs/more/other.oomspec", OTHER)
    return folder / "specs"


def options(folder: Path) -> GateOptions:
    """Options of a gate whose cache is below `folder`; the engine needs no compiler."""
    environ = {"XDG_CACHE_HOME": str(folder / "cache"), "PATH": "/usr/bin:/bin"}
    return replace(GateOptions(), engine="reference", jobs=2, environ=environ, limits=Limits(10_000))


def run(folder: Path, how: GateOptions | None = None) -> GateReport:
    """A gate of the tree below `folder`."""
    return run_gate(find_suite(folder / "specs"), how or options(folder))


def only(gate: GateReport, name: str = "m") -> Gated:
    """The entry of the spec of this name."""
    return next(entry for entry in gate.entries if Path(entry.spec).stem == name)


def verdicts(gate: GateReport) -> dict[str, str]:
    """Verdict words of results with an expectation, by identity."""
    reports = (entry.report for entry in gate.entries if entry.report is not None)
    return {r.identity: word(r.verdict).value for report in reports for r in report.results if r.expected}
