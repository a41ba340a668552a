"""Paths that a solver found, as the witnesses that a search would have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.result.exploration import Witness
from oomcheck.semantics.paths import Mismatch
from oomcheck.semantics.search import inspect_paths


class RefusedPathError(Exception):
    """A path that a solver found is none of the system, or shows nothing: a defect of ours."""


def witnesses(
    system: TransitionSystem, properties: Sequence[Property], paths: Sequence[Sequence[int]]
) -> Mapping[str, Witness]:
    """For each of the properties that the states along some paths decide its witness, by name.

    The paths are replayed in `system`, which has no parameters. A circle of locks takes a path for each of its edges.
    Raises RefusedPathError for a step that cannot be taken.
    """
    found = inspect_paths(system, properties, paths)
    if isinstance(found, Mismatch):
        raise RefusedPathError(f"the path of a counterexample cannot be taken: {found}")
    return found.witnesses


def witness(system: TransitionSystem, prop: Property, *paths: Sequence[int]) -> Witness:
    """The witness of a property that some paths are said to decide. Raises RefusedPathError if they do not."""
    found = witnesses(system, (prop,), paths)
    if prop.name not in found:
        raise RefusedPathError(f"the path of a counterexample to {prop.name} does not decide it")
    return found[prop.name]
