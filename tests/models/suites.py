"""Specs below the specs folder, and what every one of them owes its readers."""

from __future__ import annotations

from pathlib import Path

from oomcheck.lang.load import read_spec

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"

#: What lint says of the way a model is written; the rest would be a mistake.
MEANT = frozenset({"W0601", "W0603"})


def spec_of(name: str) -> Path:
    """The spec with this place below the folder, such as `museum/munlock`."""
    return SPECS / f"{name}.oomspec"


def model_of(spec: Path) -> Path:
    """The model that a spec is for."""
    return (spec.parent / read_spec(spec)[0].model).resolve()


def unargued(spec: Path) -> list[str]:
    """The checks of a spec that do not say what is expected, or not why."""
    return [check.name.text for check in read_spec(spec)[0].checks if not check.expect or not check.because]
