"""The texts that the steps of a trace point into."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from oomcheck.lang.load import read_files, text_digest
from oomcheck.lang.parsing import read_source
from oomcheck.result.trace import Trace


def sources_of(trace: Trace, model: Path, include: Sequence[Path] = ()) -> dict[str, str]:
    """The model at `model`, its imports and the trace's spec, by the paths that the trace has for them.

    Empty if the model is not the one of the trace any more; so no line is ever shown that a step does not mean.
    Raises OomcheckError for a model that cannot be read.
    """
    files = read_files(model, tuple(include))
    if files.digest != trace.digest:
        return {}
    texts = {_as_told(source.path, trace, model): source.text for source in files.sources}
    return texts | _spec(trace)


def _as_told(path: str, trace: Trace, model: Path) -> str:
    """The path of a file as it was when the trace was written, where the model's folder lay elsewhere."""
    if str(model) == trace.model:
        return path
    inside = os.path.relpath(path, model.parent)
    return path if inside.startswith("..") else str(Path(trace.model).parent / inside)


def _spec(trace: Trace) -> dict[str, str]:
    """The spec, if it still is where it was and says the same; of any other file nothing is shown."""
    if not trace.spec or not os.path.isfile(trace.spec):
        return {}
    source = read_source(Path(trace.spec), trace.spec)
    return {trace.spec: source.text} if text_digest(source) == trace.spec_digest else {}
