"""Symmetry in C: all images of a state have one representative, and it is one of them."""

from __future__ import annotations

import ctypes
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from oomcheck.analysis.permutation import Permutation, closure, identity
from oomcheck.analysis.symmetry import symmetry
from oomcheck.ir.sorts import bounds
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.native.expressions import PRELUDE
from oomcheck.native.fold import canonical_code
from oomcheck.native.layout import Layout, lay_out
from tests import toys

Fold = Callable[[State], State]


def folding(tmp_path: Path, system: TransitionSystem, group: Sequence[Permutation]) -> Fold:
    """The compiled function, on plain states."""
    layout: Layout = lay_out(system, [])
    source, library = tmp_path / "fold.c", tmp_path / "fold.so"
    text = canonical_code(group, layout).replace("static void canonical", "void canonical")
    source.write_text(f"#include <stdint.h>\n{PRELUDE}{text}")
    subprocess.run(["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-shared", "-fPIC",
                    "-o", str(library), str(source)], check=True, timeout=60)  # fmt: skip
    canonical = ctypes.CDLL(str(library)).canonical

    def fold(state: State) -> State:
        words = (ctypes.c_uint64 * layout.words)(*layout.pack(state))
        canonical(words)
        return layout.unpack(list(words))

    return fold


def any_state(system: TransitionSystem, rng: random.Random) -> State:
    """A state whose values are in their sorts, reachable or not."""
    return tuple(rng.randint(*bounds(sort)) for sort in system.slot_sorts)


@pytest.mark.parametrize("toy", [toys.increments(True), toys.philosophers(3)], ids=["increments", "philosophers"])
def test_images_have_one_representative(tmp_path: Path, toy: TransitionSystem) -> None:
    """For each of 200 states, every image of it is folded to the same one of its images."""
    group = symmetry(toy, ()).group
    assert len(group) == {"increments": 2, "philosophers": 3}[toy.name]
    fold = folding(tmp_path, toy, group)
    rng = random.Random(1)
    for _ in range(200):
        state = any_state(toy, rng)
        images = {element.state(state) for element in group}
        assert {fold(image) for image in images} == {fold(state)}
        assert fold(state) in images


def test_values_are_renamed(tmp_path: Path) -> None:
    """A group that swaps two values of one slot, made by hand, folds both to the lesser one."""
    toy = toys.counter(5)
    plain = identity(toy)
    slot = toy.slot["n"]
    values = tuple(((2, 4), (4, 2)) if number == slot else () for number in range(len(toy.initial)))
    swapped = Permutation(plain.processes, plain.slots, values, plain.transitions, plain.locks)
    group = closure(plain, [swapped], 2)
    assert group is not None
    fold = folding(tmp_path, toy, group)
    found = [fold(tuple(n if number == slot else 0 for number in range(len(toy.initial))))[slot] for n in range(6)]
    assert found == [0, 1, 2, 3, 2, 5]
