"""The record of the models that come with the tool."""

from __future__ import annotations

from oomcheck.kerneltree.recorded import load_record, record_text
from oomcheck.kerneltree.references import references
from oomcheck.lang.parsing import read_source
from tests.kerneltree.trees import MODELS


def test_record() -> None:
    """It is written as the tool writes it, and is about files that there are."""
    path = MODELS / "fingerprints.json"
    recorded = load_record(path)
    assert record_text(recorded) == path.read_text(encoding="utf-8")
    assert [model for model in recorded.models if not (MODELS / model).is_file()] == []


def test_all_references_are_well_formed() -> None:
    """No model has a reference that is none."""
    paths = sorted(MODELS.rglob("*.oom"))
    assert {one.span.path for one in references(read_source(path, path.name) for path in paths)} >= {"oom_kill.oom"}
