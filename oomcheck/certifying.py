"""Certificates against the model that they are about: the question is made anew, nothing of it is believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from oomcheck.check import planned
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.proof_rows import asked_of
from oomcheck.proofs import question_of, targets_of
from oomcheck.readings import Readings, key_of
from oomcheck.records import dataclass
from oomcheck.rows import Options
from oomcheck.smt.certificate import NAME, About, Report, certify, subject
from oomcheck.smt.checkers import Effort
from oomcheck.smt.outcome import Question
from oomcheck.smt.portable import UnreadableError
from oomcheck.smt.targets import Method
from oomcheck.transform.counting.counted import Refused
from oomcheck.version import VERSION


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one certificate."""

    folder: Path
    identity: str
    report: Report


def certificates(folder: Path) -> list[Path]:
    """The certificates at or below a folder; E0003 if there is none."""
    found = sorted(path.parent for path in folder.rglob(NAME))
    if not found:
        raise error("E0003", f"no certificate at or below `{folder}`", None, f"a certificate is a folder with a {NAME}")
    return found


def check_certificates(
    folder: Path, model: Path | None, specs: tuple[Path, ...], options: Options, solvers: Sequence[str]
) -> Iterator[Checked]:
    """Check each certificate at or below `folder`, against the model and its specs if there is a model."""
    questions = {} if model is None else dict(_questions(model, specs, options))
    for path in certificates(folder):
        try:
            what = subject(path)
        except UnreadableError as failure:
            yield Checked(path, "?", Report((), (f"{NAME}: {failure}",), model is not None, tuple(solvers)))
            continue
        identity, key = what.about.name, (what.about.name, tuple(sorted(what.params.items())))
        if model is not None and key not in questions:
            problem = f"the model and its specs have no `{identity}` with the parameters of the certificate"
            yield Checked(path, identity, Report((), (problem,), True, tuple(solvers)))
            continue
        yield Checked(path, identity, certify(path, solvers, questions.get(key), Effort()))


Key = tuple[str, tuple[tuple[str, str], ...]]  # identity and parameters, as written


def _questions(model: Path, specs: tuple[Path, ...], options: Options) -> Iterator[tuple[Key, tuple[Question, About]]]:
    """For each row that can be proved what a proof of it shows."""
    for prove in (True, False):  # what stayed open, and what had a value
        try:
            files, _, rows = planned(model, specs, replace(options, prove=prove))
        except OomcheckError as failure:
            if not prove and all(d.code == "E0305" for d in failure.diagnostics):
                return  # a parameter has no value anywhere, so all that can be proved leaves it open
            raise
        for group in Readings(files, options).groups(rows, lambda: False):
            asked = asked_of(group, rows, Method.AUTO)
            if isinstance(asked, Refused):
                continue
            params = tuple(sorted(asked.system.params))
            made = {target.name: question_of(target) for target in targets_of(asked)}
            for number in group.rows:
                row, prop = rows[number], group.typed[key_of(rows[number])]
                if prop.name in made:
                    about = About(str(model), row.identity, prop.text, VERSION)
                    yield (row.identity, params), (made[prop.name], about)
