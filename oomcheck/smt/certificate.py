"""Certificates: a proof as a folder that somebody else can check, with a solver of their own.

`certificate.json` says what is proved and holds the conjuncts; the `.smt2` files are the obligations.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from oomcheck.lang.notation import notations
from oomcheck.records import dataclass
from oomcheck.smt.checkers import Answer, Answered, Effort, ask, installed
from oomcheck.smt.obligations import FILES, Script, scripts
from oomcheck.smt.outcome import Proof, Question
from oomcheck.smt.portable import UnreadableError, packed, unpacked

SCHEMA: Final = "oomcheck.certificate/1"
NAME: Final = "certificate.json"
MAX_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class About:
    """What a certificate is about, in words."""

    model: str  # path as the user gave it
    name: str  # of the property
    text: str = ""  # of the property, in the language
    version: str = ""  # of oomcheck

    @property
    def claim(self) -> str:
        """One line."""
        return f"{self.name}: {self.text}" if self.text else self.name


@dataclass(frozen=True, slots=True)
class Judged:
    """What one solver ("" where none was asked) says of one obligation."""

    obligation: str
    file: str
    solver: str
    answer: Answer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a check of a certificate.

    `bound` tells whether the obligations are those of the model at hand; otherwise what is confirmed is only that the
    texts in the folder are unsatisfiable. `problems` are what is wrong with the certificate as a whole.
    """

    judged: tuple[Judged, ...]
    problems: tuple[str, ...]
    bound: bool
    solvers: tuple[str, ...]

    @property
    def confirmed(self) -> tuple[str, ...]:
        """The solvers that confirm every obligation; nobody does if anything else is wrong."""
        if self.problems or any(not one.solver for one in self.judged):
            return ()
        return tuple(s for s in self.solvers if all(one.answer is Answer.UNSAT for one in self._of(s)) and self._of(s))

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Obligations that one solver confirms and another one refutes."""
        said: dict[str, set[Answer]] = {}
        for one in self.judged:
            said.setdefault(one.obligation, set()).add(one.answer)
        return tuple(name for name, found in said.items() if {Answer.SAT, Answer.UNSAT} <= found)

    @property
    def failed(self) -> tuple[Judged, ...]:
        """What is not confirmed."""
        return tuple(one for one in self.judged if one.answer is not Answer.UNSAT)

    def _of(self, solver: str) -> list[Judged]:
        return [one for one in self.judged if one.solver == solver]


# ---------------------------------------------------------------- fresh proofs


def recheck(question: Question, proof: Proof, solvers: Sequence[str], effort: Effort | None = None) -> Report:
    """Show all obligations of a proof with fresh solvers, without a folder."""
    return _judge(scripts(question, proof), solvers, effort or Effort())


def _judge(wanted: Sequence[Script], solvers: Sequence[str], effort: Effort) -> Report:
    judged: list[Judged] = []
    for script in wanted:
        names = [o.name for o in script.obligations]
        for solver in solvers:
            answers = ask(solver, script.text, names, effort) if names else ()
            judged += (_judged(script, name, solver, one) for name, one in zip(names, answers, strict=True))
    return Report(tuple(judged), (), True, tuple(solvers))


def _judged(script: Script, name: str, solver: str, found: Answered) -> Judged:
    return Judged(name, script.file, solver, found.answer, found.reason)


# ---------------------------------------------------------------- writing


def write_certificate(
    folder: Path, question: Question, proof: Proof, about: About, report: Report | None = None
) -> tuple[Path, ...]:
    """Write a certificate into `folder`, which is made if need be; the paths written, certificate.json first.

    `report` is the check of the proof by fresh solvers, whose names go into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = scripts(question, proof, about.claim)
    texts = {script.file: script.text for script in made}
    for file in FILES - texts.keys():  # of another proof that was here before
        folder.joinpath(file).unlink(missing_ok=True)
    for file, text in texts.items():
        folder.joinpath(file).write_text(text, encoding="ascii")
    data = describe(question, proof, about, made)
    data["confirmed_by"] = [f"{s} {installed(s)}" for s in report.confirmed] if report is not None else []
    path = folder / NAME
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")
    return (path, *(folder / file for file in texts))


def describe(question: Question, proof: Proof, about: About, made: Sequence[Script]) -> dict[str, object]:
    """The contents of certificate.json, but for the solvers."""
    system = question.system
    return {
        "schema": SCHEMA,
        "tool_version": about.version,
        "model": {"path": about.model, "name": system.name, "digest": system.digest, "params": dict(system.params)},
        "property": {"name": about.name, "text": about.text, "bad": packed([question.bad])},
        "k": proof.k,
        "simple_path": proof.simple_path,
        "notation": list(notations(system, proof.conjuncts)),
        "conjuncts": packed(proof.conjuncts),
        "files": [
            {"name": script.file, "sha256": _digest(script.text), "obligations": [o.name for o in script.obligations]}
            for script in made
        ],
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- checking


@dataclass(frozen=True, slots=True)
class Subject:
    """What a certificate claims to be about, to find the model and the property; nothing of it is checked yet."""

    about: About
    digest: str
    params: Mapping[str, str]  # as written


def subject(folder: Path) -> Subject:
    """The subject of a certificate; raises UnreadableError."""
    data = _load(folder / NAME)
    match data.get("model"):
        case {"digest": str(digest), "params": dict(params)}:
            return Subject(_about(data), digest, {str(name): str(value) for name, value in params.items()})
        case _:
            raise UnreadableError("model, digest or params are missing")


def certify(
    folder: Path,
    solvers: Sequence[str],
    asked: tuple[Question, About] | None = None,
    effort: Effort | None = None,
) -> Report:
    """Check a certificate; with the question of the model at hand and its property, that it is a proof of this.

    With `asked` nothing in the folder is believed but the conjuncts: the obligations are made anew from them, every
    file must be the same byte by byte, and a difference is laid to the obligation where it stands. The path of the
    model and the version in `asked` play no part. Without it, the report says whether the obligations in the folder
    hold, whatever they mean.
    """
    try:
        data = _load(folder / NAME)
        if asked is None:
            return _unbound(folder, data, solvers, effort or Effort())
        return _bound(folder, data, asked, solvers, effort or Effort())
    except UnreadableError as wrong:
        return Report((), (f"{NAME}: {wrong}",), asked is not None, tuple(solvers))


def _load(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableError("the file is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as failure:
        raise UnreadableError(f"it cannot be read: {failure}") from None
    if not isinstance(data, dict):
        raise UnreadableError("it is no object")
    if data.get("schema") != SCHEMA:
        raise UnreadableError(f"its schema is {data.get('schema')!r}, not {SCHEMA!r}")
    return data


def _bound(
    folder: Path, data: Mapping[str, object], asked: tuple[Question, About], solvers: Sequence[str], effort: Effort
) -> Report:
    question, known = asked
    proof, told = _proof(data, question), _about(data)
    about = About(told.model, known.name, known.text, told.version)
    made = scripts(question, proof, about.claim)
    wanted = describe(question, proof, about, made)
    problems = [f"{NAME}: `{name}` is not that of this model and property" for name in _differences(wanted, data)]
    judged: list[Judged] = []
    sound: list[Script] = []
    for script in made:
        wrong = _compare(folder, script)
        judged += wrong
        if not wrong:
            sound.append(script)
    extra = sorted({path.name for path in folder.glob("*.smt2")} - {script.file for script in made})
    problems += [f"{file}: this file is no part of the certificate" for file in extra]
    found = _judge(sound, solvers, effort)
    return Report((*judged, *found.judged), tuple(problems), True, tuple(solvers))


def _differences(wanted: Mapping[str, object], data: Mapping[str, object]) -> list[str]:
    """Entries of certificate.json that are not as they must be; `confirmed_by` is history and not believed anyway."""
    names = [name for name in wanted if wanted[name] != data.get(name)]
    return [*names, *sorted(data.keys() - wanted.keys() - {"confirmed_by"})]


def _compare(folder: Path, script: Script) -> list[Judged]:
    """For a file that is not as it must be: the obligations where it differs, or all of them."""
    names = [o.name for o in script.obligations]
    try:
        text = folder.joinpath(script.file).read_text(encoding="ascii")
    except OSError:
        reason = f"{script.file} is missing or cannot be read"
        return [Judged(name, script.file, "", Answer.MISSING, reason) for name in names or [script.file]]
    except ValueError:
        text = ""
    if text == script.text:
        return []
    found = sections(text)
    wanted = sections(script.text)
    if not text.startswith(script.prelude) or found.keys() == {""}:
        reason = f"what all obligations of {script.file} share differs"
        return [Judged(name, script.file, "", Answer.DIFFERS, reason) for name in names or [script.file]]
    gone = [name for name in names if name not in found]
    differing = [name for name in names if name in found and found[name] != wanted[name]]
    judged = [Judged(name, script.file, "", Answer.MISSING, f"{script.file} has no such obligation") for name in gone]
    judged += [
        Judged(name, script.file, "", Answer.DIFFERS, f"{script.file} says something else") for name in differing
    ]
    return judged or [Judged(script.file, script.file, "", Answer.DIFFERS, "the order or the spacing differs")]


def sections(text: str) -> dict[str, str]:
    """The parts of a script by the names of their obligations; what stands before the first one has the name ""."""
    parts = text.split('(echo "')
    found = {"": parts[0]}
    for part in parts[1:]:
        name, _, body = part.partition('")\n')
        found[name.replace('""', '"')] = body.rstrip("\n")
    return found


def _unbound(folder: Path, data: Mapping[str, object], solvers: Sequence[str], effort: Effort) -> Report:
    """The obligations as they stand in the folder, whose digests must be those of certificate.json."""
    problems: list[str] = []
    judged: list[Judged] = []
    files = data.get("files")
    for entry in files if isinstance(files, list) else []:
        name, digest, names = _entry(entry)
        try:
            text = folder.joinpath(name).read_text(encoding="ascii")
        except (OSError, ValueError):
            judged += (Judged(o, name, "", Answer.MISSING, f"{name} is missing or cannot be read") for o in names)
            continue
        if _digest(text) != digest:
            judged += (Judged(o, name, "", Answer.DIFFERS, f"{name} is not the file of the digest") for o in names)
            continue
        for solver in solvers:
            answers = ask(solver, text, names, effort) if names else ()
            judged += (Judged(o, name, solver, a.answer, a.reason) for o, a in zip(names, answers, strict=True))
    if not judged:
        problems.append(f"{NAME}: no obligations")
    return Report(tuple(judged), tuple(problems), False, tuple(solvers))


def _entry(entry: object) -> tuple[str, str, list[str]]:
    match entry:
        case {"name": str(name), "sha256": str(digest), "obligations": [*names]} if "/" not in name:
            return name, digest, [str(one) for one in names]
        case _:
            raise UnreadableError(f"{entry!r} is no file with its digest and obligations")


def _proof(data: Mapping[str, object], question: Question) -> Proof:
    k, simple_path = data.get("k"), data.get("simple_path")
    if type(k) is not int or not 1 <= k <= 1000 or not isinstance(simple_path, bool):
        raise UnreadableError("k or simple_path is no such value")
    try:
        return Proof(unpacked(data.get("conjuncts"), question.system), k, simple_path)
    except RecursionError:
        raise UnreadableError("the conjuncts are too deep") from None


def _about(data: Mapping[str, object]) -> About:
    """What the certificate says of itself; of this only what is compared or harmless is used."""
    match data:
        case {
            "tool_version": str(tool),
            "model": {"path": str(model)},
            "property": {"name": str(name), "text": str(text)},
        }:
            return About(model, name, text, tool)
        case _:
            raise UnreadableError("model, property or tool_version are missing")
