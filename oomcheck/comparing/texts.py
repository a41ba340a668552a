"""What two models differ in: files, declarations, statements of threads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from oomcheck.comparing.sides import Side
from oomcheck.comparing.steps import step_changes
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang import tree as t
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.format import format_text
from oomcheck.lang.lower import lower
from oomcheck.records import dataclass

CONTEXT = 2  # lines around a change


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs: the lines of a unified diff of its text in canonical layout; none if one side lacks it.

    `name` is relative to the folder of the model; the models themselves belong together whatever they are called.
    """

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextChanges:
    """What two models differ in.

    `declarations` are sentences about functions, threads and other names whose meaning differs, whatever comments and
    layout do; `statements` those of threads that differ at the parameters of the sides, each as
    "only in A: thread: statement [place]", see `StepChange`.
    """

    files: tuple[FileChange, ...]
    declarations: tuple[str, ...]
    statements: tuple[str, ...]


def text_changes(a: Side, b: Side) -> TextChanges:
    """Compare the closures of two models."""
    left, right = _texts(a), _texts(b)
    names = sorted({*left, *right})
    files = tuple(change for name in names for change in _file(name, a, b, left.get(name), right.get(name)))
    return TextChanges(files, tuple(_declarations(a, b)), tuple(_statements(a, b)))


def _texts(side: Side) -> dict[str, Source]:
    """The files of a side by their names."""
    folder = side.model.parent
    named = {os.path.relpath(source.path, folder): source for source in side.files.sources}
    own = named.pop(os.path.relpath(side.model, folder))
    return {"": own, **{Path(name).as_posix(): source for name, source in named.items()}}


def _file(name: str, a: Side, b: Side, left: Source | None, right: Source | None) -> Iterator[FileChange]:
    if left is None or right is None:
        yield FileChange(name, ())
        return
    old, new = (format_text(source, "model").splitlines() for source in (left, right))
    lines = tuple(unified_diff(old, new, f"A/{left.path}", f"B/{right.path}", n=CONTEXT, lineterm=""))
    if lines:
        yield FileChange(name or f"{a.model.name}, {b.model.name}", lines)


def _declarations(a: Side, b: Side) -> Iterator[str]:
    left, right = _declared(a), _declared(b)
    for name in dict.fromkeys([*left, *right]):
        if name not in right:
            yield f"only in A: {name}"
        elif name not in left:
            yield f"only in B: {name}"
        elif left[name] != right[name]:
            yield f"differs: {name}"


def _declared(side: Side) -> Mapping[str, t.Item]:
    """What is declared with a name of its own; trees compare by meaning."""
    found: dict[str, t.Item] = {}
    for file in side.files.files:
        for item in file.items:
            match item:
                case t.FunctionDecl():
                    found[f"function {item.name.text}"] = item
                case t.ThreadDecl():
                    found[f"thread {item.name.text}"] = item
                case t.ProcessDecl():
                    found[f"process {item.name.text}"] = item
                case t.DefineDecl():
                    found[f"define {item.name.text}"] = item
                case t.ParamDecl():
                    found[f"param {item.name.text}"] = item
                case t.ConstDecl():
                    found[f"const {item.name.text}"] = item
                case _:
                    continue  # variables and types show where they are used
    return found


def _statements(a: Side, b: Side) -> Iterator[str]:
    left, right = system_of(a), system_of(b)
    if left is not None and right is not None:
        yield from map(str, step_changes(left, right))


def system_of(side: Side) -> TransitionSystem | None:
    """The model at the parameters of the side; None if a parameter has no value."""
    try:
        return lower(elaborate(side.files, side.given)).system
    except OomcheckError:
        return None
