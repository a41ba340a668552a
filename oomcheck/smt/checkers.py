"""Solvers as judges of SMT-LIB scripts: a fresh process for each script, which sees its text and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from oomcheck.records import dataclass

SOLVE: Final = Path(__file__).with_name("solve.py")
PACKAGES: Final = {"z3": "z3-solver", "cvc5": "cvc5"}


class Answer(Enum):
    """What became of one obligation; only UNSAT confirms it."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"
    DIFFERS = "differs"  # the text is not what the model, the property and the conjuncts give
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Effort:
    """What one answer may cost: seconds, and megabytes of the solver's process; `total` seconds are for one script."""

    seconds: float = 60.0
    megabytes: int = 4096
    total: float = 1200.0


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of a solver, and why it is no better one."""

    answer: Answer
    reason: str = ""


def installed(solver: str) -> str:
    """The version of a solver, "" if it is not there."""
    try:
        return version(PACKAGES[solver])
    except PackageNotFoundError:
        return ""


def available() -> tuple[str, ...]:
    """The solvers that are installed."""
    return tuple(solver for solver in PACKAGES if installed(solver))


def ask(solver: str, text: str, names: Sequence[str], effort: Effort) -> tuple[Answered, ...]:
    """The answers of `solver` to the obligations of a script, one for each name in order.

    An answer is unknown, with the reason, if the process was killed, crashed or said something else before. One answer
    too many makes all unknown, as nobody can tell which is which then.
    """
    with tempfile.TemporaryDirectory(prefix="oomcheck-") as folder:
        path = Path(folder, "script.smt2")
        path.write_text(text, encoding="utf-8")
        lines, ending = _run(solver, path, len(names), effort)
    found = [_read(line) for line in lines]
    if len(found) > len(names):
        return (Answered(Answer.UNKNOWN, f"{solver} gave more answers than there are obligations"),) * len(names)
    missing = Answered(Answer.UNKNOWN, ending or f"{solver} gave no answer")
    return (*found, *(missing,) * (len(names) - len(found)))


def _run(solver: str, path: Path, count: int, effort: Effort) -> tuple[list[str], str]:
    """Lines of the child, and how it ended if not well."""
    milliseconds = max(1, int(effort.seconds * 1000))
    command = [sys.executable, "-P", str(SOLVE), solver, str(path), str(milliseconds), str(effort.megabytes)]
    limit = min(30 + 1.5 * effort.seconds * count, effort.total)  # the solver keeps to its time itself, as a rule
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as late:
        seen = late.stdout or b""
        text = seen if isinstance(seen, str) else seen.decode()
        return text.split("\n")[:-1], f"{solver} was stopped after {limit:.0f} s"
    if done.returncode < 0:
        return done.stdout.split("\n")[:-1], f"{solver} was ended by signal {-done.returncode}"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return done.stdout.splitlines(), f"{solver} ended with status {done.returncode}: {last}"
    return done.stdout.splitlines(), ""


def _read(line: str) -> Answered:
    """One line of the child."""
    found = json.loads(line)
    word, reason = str(found["answer"]), str(found["reason"])
    if word == "error":
        return Answered(Answer.UNKNOWN, reason)
    return Answered(Answer(word), reason)
