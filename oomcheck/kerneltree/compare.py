"""References of models against a kernel tree: what is not there, and what is there with another text."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic, Severity, error
from oomcheck.kerneltree.definition import Definition, Kind
from oomcheck.kerneltree.elsewhere import elsewhere
from oomcheck.kerneltree.recorded import Prints, Recorded, version_key
from oomcheck.kerneltree.references import Reference, covers
from oomcheck.kerneltree.tokens import fingerprint
from oomcheck.kerneltree.tree import HINT, UNKNOWN, CFile, KernelTree, Missing
from oomcheck.records import dataclass

#: Lines that are named of a reference that a file has more than once.
MOST_LINES: Final = 8


class State(Enum):
    """What became of a reference; each has one, `title` is for the summary."""

    SAME = "as recorded"
    CHANGED = "changed"
    NEW = "not recorded"
    FILE_ONLY = "without a name"
    LOST = "not found"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings at the places of the references, how many references are in each state, and what can be recorded.

    `present` has all references by file of a model, `found` the fingerprints of those that the tree has.
    """

    version: str
    findings: tuple[Diagnostic, ...]
    states: Mapping[State, int]
    present: Mapping[str, tuple[str, ...]]
    found: Mapping[tuple[str, str], str]


def compare(references: Iterable[Reference], tree: KernelTree, recorded: Recorded, folder: Path) -> Comparison:
    """Each reference against the tree and the record; `folder` is the one that the record's paths are relative to.

    A reference that a file of a model has more than once counts once, and is told at its first place. E0003 for a tree
    that has no version and none of the files.
    """
    places: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        places.setdefault((model_key(reference.span.path, folder), reference.text), []).append(reference)
    _check_tree({first.file for first, *_ in places.values()}, tree)
    findings: list[Diagnostic] = []
    states: dict[tuple[str, str], State] = {}
    found: dict[tuple[str, str], str] = {}
    for key, (first, *others) in places.items():
        outcome = _look(first, tree)
        if isinstance(outcome, str) and outcome:
            found[key] = outcome
            outcome = _changed(first, tree, outcome, recorded.of(*key))
        states[key] = _state(outcome, found.get(key), recorded.of(*key))
        if isinstance(outcome, Diagnostic):
            findings.append(replace(outcome, notes=(*outcome.notes, *_more(others))))
    present: dict[str, list[str]] = {}
    for model, text in places:
        present.setdefault(model, []).append(text)
    counts = Counter(states.values())
    return Comparison(
        tree.version,
        tuple(findings),
        {state: counts[state] for state in State if counts[state]},
        {model: tuple(texts) for model, texts in present.items()},
        found,
    )


def _check_tree(files: set[str], tree: KernelTree) -> None:
    """A folder of another project has a Makefile as well."""
    if tree.version == UNKNOWN and files and all(tree.file(name) is Missing.NO_FILE for name in files):
        what = "it has no version and none of the files that the models refer to"
        raise error("E0003", f"{tree.root} is no kernel tree: {what}", None, HINT)


def _more(others: list[Reference]) -> tuple[str, ...]:
    """Where else in its file a reference is."""
    lines = sorted({other.span.line for other in others})
    if not lines:
        return ()
    listed = ", ".join(map(str, lines[:MOST_LINES])) + ", ..." * (len(lines) > MOST_LINES)
    return (f"also in line{'s' * (len(lines) > 1)} {listed}",)


def model_key(path: str, folder: Path) -> str:
    """How a record calls a file of a model."""
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(folder))).as_posix()


def _state(outcome: Diagnostic | str, digits: str | None, prints: Prints) -> State:
    if digits is None:
        return State.LOST if isinstance(outcome, Diagnostic) else State.FILE_ONLY
    if isinstance(outcome, Diagnostic):
        return State.CHANGED
    return State.SAME if digits in prints else State.NEW


def _look(reference: Reference, tree: KernelTree) -> Diagnostic | str:
    """The fingerprint of what a reference names, "" if it names a file alone, or what is wrong."""
    file = tree.file(reference.file)
    if isinstance(file, Missing):
        hint = _other_places(reference, tree) if file is Missing.NO_FILE else ""
        return _finding("W0609", f"{reference.file} {file.value}", reference, tree, hint)
    if not reference.name:
        return ""
    named = [made for made in file.definitions if _is(made, reference)]
    defined = [made for made in named if made.kind is not Kind.DECLARATION]
    if defined:
        return fingerprint(file.text[made.start : made.end] for made in defined)
    what = f"{reference.owner}.{reference.name}" if reference.owner else reference.name
    verb = "only declares" if named else "does not define"
    hint = _other_places(reference, tree) or ("" if named else _close(reference, file))
    return _finding("W0610", f"{reference.file} {verb} `{what}`", reference, tree, hint)


def _is(made: Definition, reference: Reference) -> bool:
    return made.name == reference.name and reference.owner in ("", made.owner)


def _changed(reference: Reference, tree: KernelTree, digits: str, prints: Prints) -> Diagnostic | str:
    """What is wrong if the fingerprint of a reference is none of those recorded, else ""."""
    if not prints or digits in prints:
        return ""
    versions = sorted({version for known in prints.values() for version in known}, key=version_key)
    message = f"{reference.text} of {tree.version} differs from that of {' and '.join(versions)}"
    hint = "read the new text; if the model still describes it, add --record"
    return _finding("W0611", message, reference, tree, hint)


def _finding(code: str, message: str, reference: Reference, tree: KernelTree, hint: str) -> Diagnostic:
    notes: tuple[str, ...] = ()
    if not covers(reference.kernels, tree.version):
        notes = (f"the model describes {reference.kernels}, the tree is {tree.version}",)
    return Diagnostic(code, message, reference.span, hint, notes, Severity.WARNING)


def _other_places(reference: Reference, tree: KernelTree) -> str:
    places = elsewhere(reference, tree)
    return f"defined in {' and '.join(places)}" if places else ""


def _close(reference: Reference, file: CFile) -> str:
    names = {made.name for made in file.definitions if made.kind is not Kind.DECLARATION}
    close = get_close_matches(reference.name, sorted(names), n=1, cutoff=0.75)
    return f"did you mean `{close[0]}`?" if close else ""
