"""Both engines find the same in every model of the corpus: counts, witnesses, and everything noted on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.prop.property import SANITIZERS, sanitizer
from oomcheck.pygen import search as generated
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.replay import check_witness
from tests.test_corpus import MODELS, Params, cases, title

#: States of a model that are compared; searches end there at the same place.
LIMIT = Limits(max_states=1_500)
ALL = tuple(sanitizer(name) for name in SANITIZERS)


def test_corpus_is_found() -> None:
    """The corpus is where it is looked for."""
    assert len(MODELS) > 300


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_engines_agree(path: Path, params: Params) -> None:
    """Equal explorations, with all sanitizers asked; each witness is a real path of the model."""
    system = lower(load_model(path, dict(params))).system
    expected = reference.explore(system, ALL, LIMIT)
    found = generated.explore(system, ALL, LIMIT)
    assert replace(found, seconds=0.0) == replace(expected, seconds=0.0)
    for prop in ALL:
        if prop.name in found.witnesses:
            assert check_witness(system, prop, found.witnesses[prop.name]) == "", title(path)


def summary(found: Exploration) -> tuple[object, ...]:
    """What an exploration says of a property asked alone."""
    lengths = {name: len(witness.steps) for name, witness in found.witnesses.items()}
    return found.states, found.transitions, found.depth, found.stopped, lengths, found.antecedents, found.halted


@pytest.mark.parametrize("name", ["deadlock", "race", "lockdep", "assert"])
def test_engines_agree_on_one_property(name: str) -> None:
    """A search for one property ends early, at the same place, in a model of each folder."""
    for path in {path.parent: path for path in MODELS}.values():
        system = lower(load_model(path, {})).system
        asked = (sanitizer(name),)
        assert summary(generated.explore(system, asked, LIMIT)) == summary(reference.explore(system, asked, LIMIT))
