"""Lossy searches of random systems against the reference: what they find is real, and with room enough it is all."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.ir.expr import not_
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded
from oomcheck.native.build import RUNTIME
from oomcheck.native.lossy import LossyOptions
from oomcheck.native.lossy_core import Bitstate, HashCompact
from oomcheck.native.lossy_engine import Lossy, explore
from oomcheck.native.lossy_swarm import Swarm
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.budget import DECIDED
from oomcheck.semantics.replay import check_witness
from tests import strategies, toys

MIB = 2**20
LARGE = Lossy(LossyOptions(Bitstate(MIB), MIB))
SWARM = Lossy(LossyOptions(Bitstate(64, 1), MIB), Swarm(4, 2))
MODES = {
    "bitstate": LARGE,
    "compact": Lossy(LossyOptions(HashCompact(MIB), MIB)),
    "swarm": Lossy(LossyOptions(Bitstate(MIB), MIB), Swarm(2, 2)),
}
#: With `unreachable` among the properties no search ends early.
COMPLETE = sanitizer("unreachable")

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Bench:
    """Builds models with the compiler of this machine, as fast as it can."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cores: dict[int, Path] = {}
        self._models = 0

    def build(self, words: int, text: str) -> Loaded:
        """A model with its core."""
        if words not in self._cores:
            self._cores[words] = self._folder / f"core{words}.so"
            self._compile(self._cores[words], "-O2", f"-DWORDS={words}", *sorted(RUNTIME.glob("*.c")))
        self._models += 1
        source = self._folder / f"model{self._models}.c"
        source.write_text(text, encoding="utf-8")
        self._compile(source.with_suffix(".so"), f"-I{RUNTIME}", source)
        return Loaded(self._cores[words], source.with_suffix(".so"))

    def part(self, words: int) -> ctypes.CDLL:
        """The library of lossy searches."""
        library = self._folder / f"lossy{words}.so"
        if not library.exists():
            sources = [*sorted((RUNTIME / "lossy").glob("*.c")), RUNTIME / "memory.c"]
            flags = ["-O2", f"-DWORDS={words}", f"-I{RUNTIME}", f"-I{RUNTIME / 'lossy'}"]
            self._compile(library, *flags, *sources)
        return ctypes.CDLL(str(library))

    def explore(
        self, system: TransitionSystem, properties: tuple[Property, ...], mode: Lossy, limits: Limits | None = None
    ) -> Exploration:
        """A lossy search."""
        return explore(system, properties, limits or Limits(), self.build, self.part, mode)

    def _compile(self, target: Path, *arguments: str | Path) -> None:
        command = [os.environ.get("CC", "cc"), "-std=c11", "-w", "-fPIC", "-shared", "-pthread"]
        subprocess.run([*command, *map(str, arguments), "-o", str(target)], check=True, timeout=120)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A place to build models in."""
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("name", MODES)
@few
@given(system=strategies.systems(), properties=strategies.properties())
def test_large_tables_give_the_answers_of_the_reference(
    bench: Bench, name: str, system: TransitionSystem, properties: tuple[Property, ...]
) -> None:
    """Counts, what is decided and what is noted on the way are the reference's; the end is doubt all the same."""
    asked = properties if COMPLETE in properties else (*properties, COMPLETE)
    found, expected = bench.explore(system, asked, MODES[name]), reference.explore(system, asked, Limits())
    assert (found.states, found.transitions) == (expected.states, expected.transitions)
    assert found.witnesses.keys() == expected.witnesses.keys()
    assert (found.antecedents, found.covered, found.halted) == (
        expected.antecedents,
        expected.covered,
        expected.halted,
    )
    assert not found.exhaustive


@few
@given(system=strategies.systems(), properties=strategies.properties())
def test_witnesses_are_real(bench: Bench, system: TransitionSystem, properties: tuple[Property, ...]) -> None:
    """With tables that forget nearly everything, each witness still passes the check of the reference semantics."""
    found, expected = bench.explore(system, properties, SWARM), reference.explore(system, properties, Limits())
    assert found.states <= expected.states
    assert found.witnesses.keys() <= expected.witnesses.keys()
    for prop in properties:
        if prop.name in found.witnesses:
            assert check_witness(system, prop, found.witnesses[prop.name]) == ""


@pytest.mark.parametrize("name", MODES)
@few
@given(system=strategies.systems(), properties=strategies.properties())
def test_search_that_may_end_early_decides_the_same(
    bench: Bench, name: str, system: TransitionSystem, properties: tuple[Property, ...]
) -> None:
    """Whether or not it stops when all is decided, what is decided is what the reference decides."""
    found, expected = bench.explore(system, properties, MODES[name]), reference.explore(system, properties, Limits())
    assert found.witnesses.keys() == expected.witnesses.keys()
    names = {prop.name for prop in properties}
    assert (found.stopped == DECIDED) == (bool(names) and names == expected.witnesses.keys())


@pytest.mark.parametrize("name", MODES)
def test_peterson(bench: Bench, name: str) -> None:
    """The algorithm ends in doubt, with the number of states; its broken twin in a violation."""
    for broken in (False, True):
        system = toys.peterson(broken)
        prop = Property("exclusion", Kind.INVARIANT, not_(toys.both_critical(system)))
        found = bench.explore(system, (prop,), MODES[name])
        if broken:
            assert check_witness(system, prop, found.witnesses["exclusion"]) == ""
            assert found.stopped == DECIDED
        else:
            assert found.witnesses == {}
            assert found.states == reference.explore(system, (prop,), Limits()).states
            assert "probability" in found.stopped


def test_limits_reach_the_search(bench: Bench) -> None:
    """A limit ends it with the reason of the exact engines, and what that end is worth."""
    found = bench.explore(toys.philosophers(3, ordered=True), (COMPLETE,), LARGE, Limits(max_states=10))
    assert found.states == 10
    assert found.stopped.startswith("state limit 10 (bitstate search: 10 states, ")
