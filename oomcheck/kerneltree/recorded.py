"""The fingerprints of the texts that models were written from: a file beside the models, under version control.

By file of a model and by reference it has each fingerprint with the kernels whose text had it. It has no word of a
kernel's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import error
from oomcheck.kerneltree.tokens import DIGITS
from oomcheck.records import dataclass
from oomcheck.result.fields import TOP, FieldError, Fields, as_fields, whole

SCHEMA: Final = "oomcheck.fingerprints/1"
NAME: Final = "fingerprints.json"
MAX_BYTES: Final = 1 << 26
_DIGITS: Final = re.compile(f"[0-9a-f]{{{DIGITS}}}")

#: Kernel versions by fingerprint.
Prints = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Prints by file of a model, relative to the folder of the record, and by the text of a reference."""

    models: Mapping[str, Mapping[str, Prints]]

    def of(self, model: str, reference: str) -> Prints:
        """What is recorded of a reference, nothing if it is not recorded."""
        return self.models.get(model, {}).get(reference, {})


NOTHING: Final = Recorded({})


def find_record(folder: Path) -> Path | None:
    """The record in a folder or in the nearest one above it."""
    real = folder.resolve()
    return next((path / NAME for path in (real, *real.parents) if (path / NAME).is_file()), None)


def load_record(path: Path) -> Recorded:
    """A record; E0001 if it cannot be read, E0511 if it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise FieldError("it is too large")
        return whole(json.loads(data.decode("utf-8"), object_pairs_hook=_unique), TOP, _recorded)
    except OSError as problem:
        raise error("E0001", f"cannot read {path}: {problem.strerror or 'unknown reason'}") from None
    except (ValueError, RecursionError, FieldError) as problem:
        why = "nested too deep" if isinstance(problem, RecursionError) else problem
        hint = "`lint --kernel-tree DIR --record` writes one"
        raise error("E0511", f"{path} is no record of fingerprints: {why}", None, hint) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise FieldError("a name occurs twice")
    return table


def _recorded(fields: Fields) -> Recorded:
    schema = fields.text("schema")
    if schema != SCHEMA:
        raise FieldError(f"its schema is {schema!r:.60}, this version reads {SCHEMA!r}")
    models = as_fields(fields.value("models"), "models")
    return Recorded({name: _model(models, name) for name in models.table})


def _model(models: Fields, name: str) -> Mapping[str, Prints]:
    references = as_fields(models.value(name), models.path(name))
    return {text: _prints(references, text) for text in references.table}


def _prints(references: Fields, text: str) -> Prints:
    prints = as_fields(references.value(text), references.path(text))
    for digits in prints.table:
        if not _DIGITS.fullmatch(digits):
            raise FieldError(f"{prints.where}: {digits!r:.60} is no fingerprint")
    return {digits: prints.texts(digits) for digits in prints.table}


def record_text(recorded: Recorded) -> str:
    """The text of a record, sorted, a line for each reference."""
    blocks = []
    for model, references in sorted(recorded.models.items()):
        lines = [f"   {json.dumps(text)}: {_line(prints)}" for text, prints in sorted(references.items())]
        blocks.append(f"  {json.dumps(model)}: {{\n" + ",\n".join(lines) + "\n  }")
    inner = "{\n" + ",\n".join(blocks) + "\n }" if blocks else "{}"
    return f'{{\n "schema": {json.dumps(SCHEMA)},\n "models": {inner}\n}}\n'


def _line(prints: Prints) -> str:
    by_version = sorted(prints.items(), key=lambda item: [version_key(version) for version in item[1]])
    return json.dumps({digits: list(versions) for digits, versions in by_version})


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts `6.9` before `6.12`, and `6.12.0-rc1` among the others in some order that does not change."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"[.-]", version))


def updated(
    recorded: Recorded, version: str, present: Mapping[str, Iterable[str]], found: Mapping[tuple[str, str], str]
) -> Recorded:
    """A record with what one kernel has.

    `present` are all references of the files that were looked at, `found` the fingerprints of those that the kernel
    has. Of these files, references that are gone are dropped, and so is what was recorded of this version before.
    """
    models = dict(recorded.models)
    for model, texts in present.items():
        references = {text: _with(recorded.of(model, text), version, found.get((model, text))) for text in texts}
        models[model] = {text: prints for text, prints in references.items() if prints}
        if not models[model]:
            del models[model]
    return Recorded(models)


def _with(prints: Prints, version: str, digits: str | None) -> Prints:
    others = {known: [v for v in versions if v != version] for known, versions in prints.items()}
    if digits is not None:
        others.setdefault(digits, []).append(version)
    return {known: tuple(sorted(versions, key=version_key)) for known, versions in others.items() if versions}
