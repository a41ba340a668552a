"""What specs and models say of themselves, read for tables without checking anything."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from oomcheck.gate.suite import Suite, SuiteSpec
from oomcheck.lang import tree as t
from oomcheck.lang.build import build_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.parsing import parse_tree, read_source
from oomcheck.records import dataclass

#: How texts name the properties of a catalogue.
PROPERTY_ID: Final = re.compile(r"\bP([1-9][0-9]?)\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A check of a spec: `properties` is empty for all of them, `variant` what it sets, as the spec writes it.

    `line` is where the check begins; `because` why its verdict is what it is, "" if the spec does not say.
    """

    name: str
    line: int
    properties: tuple[str, ...]
    variant: str
    because: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A spec with its model, both as paths from where the gate runs.

    `name` begins the identities of its results; `place` is its path below the folder of the gate, without ending.
    `kernel` is what the model says that it describes. `about` are the properties of the catalogue, as "P4", that the
    comment in front of the spec names, or else the one in front of the model.
    """

    name: str
    place: str
    spec: str
    model: str
    title: str
    kernel: str
    about: tuple[str, ...]
    checks: tuple[Asked, ...]


def read_subjects(suite: Suite) -> tuple[Subject, ...]:
    """The specs of a suite, in its order; OomcheckError for what cannot be read."""
    folder = Path(suite.folder)
    root = folder if folder.is_dir() else folder.parent
    return tuple(_subject(spec, root) for spec in suite.specs)


def _subject(spec: SuiteSpec, root: Path) -> Subject:
    found, source = read_spec(spec.path)
    model = Path(os.path.normpath(spec.path.parent / found.model))
    told = read_source(model, str(model))
    header = build_model(parse_tree(told, "model"), told)
    about = _about(source.text[: found.span.start]) or _about(told.text[: header.span.start])
    return Subject(
        spec.name,
        spec.path.relative_to(root).with_suffix("").as_posix(),
        str(spec.path),
        str(model),
        header.name.text,
        header.source,
        about,
        tuple(map(_asked, found.checks)),
    )


def _about(comment: str) -> tuple[str, ...]:
    return tuple(f"P{number}" for number in sorted({int(number) for number in PROPERTY_ID.findall(comment)}))


def _asked(check: t.CheckDecl) -> Asked:
    timing = [] if check.timing is None else [_text(check.timing)]
    bindings = ", ".join(map(_binding, check.bindings))
    return Asked(
        check.name.text,
        check.name.span.line,
        tuple(name.text for name in check.properties or ()),
        "; ".join(filter(None, [bindings, *timing])),
        check.because,
    )


def _binding(binding: t.Binding) -> str:
    name = binding.name.text
    if binding.values:
        return f"{name} in {{ {', '.join(map(_text, binding.values))} }}"
    if binding.low is not None and binding.high is not None:
        return f"{name} in {_text(binding.low)} .. {_text(binding.high)}"
    assert binding.value is not None
    return f"{name} = {_text(binding.value)}"


def _text(node: t.Expr | t.Timing) -> str:
    """The text that a node was made from, on one line."""
    span = node.span
    return " ".join(span.source.text[span.start : span.end].split())
