"""Every transition of a model of kernel code says which code it stands for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_spec
from oomcheck.lang.lower import lower

ROOT = Path(__file__).parents[2]
MODELS = sorted(
    {
        Path(os.path.normpath(spec.parent / read_spec(spec)[0].model))
        for spec in (ROOT / "specs").rglob("*.oomspec")
        if spec.parent.name != "examples"
    }
)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_transition_has_a_source(path: Path) -> None:
    """At the parameters that the model begins with; lint looks at all functions and threads."""
    elaborated = load_model(path, {}, ())
    assert elaborated.model.kernel
    system = lower(elaborated).system
    assert system.transitions
    assert [t.action.text for t in system.transitions if not t.action.source] == []
