"""Native partial-order reduction makes the choices of `choose`; reduced searches have the answers of the full one."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.analysis.ample import Ample, Situation, choose
from oomcheck.analysis.facts import order_refusal
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.native.binding import Loaded
from oomcheck.native.build import RUNTIME
from oomcheck.native.emit import Emitted, emit
from oomcheck.native.engine import Tuning, core_for, explore
from oomcheck.native.items import items_of
from oomcheck.native.reduce import ample_for
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.replay import check_witness
from oomcheck.semantics.successors import apply, enabled
from tests import strategies, toys
from tests.analysis.loose import questions
from tests.analysis.reduced import Search as Readable
from tests.native.workshop import Native, build
from tests.test_corpus import Params, cases

MODELS = Path(__file__).parent.parent.parent / "models"
ALL = tuple(sanitizer(name) for name in SANITIZERS)
COMPLETE = sanitizer("unreachable")  # with it no search ends early
WANT_ALL, WANT_SINGLE = 3, 4
MOST = 300  # states of a system on which each choice is compared
#: All but those whose values are refused as too wide.
CORPUS = [case for case in cases() if "range/product" not in str(case)]
ENOUGH = 1_000  # states of a system that is searched in Python as well

Question = tuple[TransitionSystem, tuple[Property, ...]]

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def model(name: str, **params: str) -> TransitionSystem:
    """One of the models of the project."""
    return lower(load_model(next(MODELS.rglob(f"{name}.oom")), params)).system


def reachable(system: TransitionSystem, most: int) -> list[State]:
    """The first states in breadth."""
    found, position = {system.initial: None}, 0
    while position < len(found) and len(found) < most:
        state = list(found)[position]
        position += 1
        found.update(dict.fromkeys(apply(system, step, state) for step in enabled(system, state)))
    return list(found)


# ---------------------------------------------------------------- choices


class Moves(ctypes.Structure):
    """`struct moves`."""

    _fields_ = (
        *(
            (name, ctypes.POINTER(kind))
            for name, kind in zip(
                ("states", "steps", "items"), (ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint64), strict=True
            )
        ),
        *((name, ctypes.c_uint32) for name in ("want", "count", "reduced", "single")),
    )


class Reducing:
    """`reduce` of the native model of a system."""

    def __init__(self, system: TransitionSystem, asked: Sequence[Property], ample: Ample) -> None:
        self._emitted: Emitted = emit(system, items_of(system, asked), (), ample)
        words = self._emitted.layout.words
        self._loaded: Loaded = build(core_for(words), self._emitted.text)
        facts = self._loaded.model.contents
        self._reduce = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(Moves))(facts.reduce)
        self._states = (ctypes.c_uint64 * (facts.most_moves * words))()
        self._steps = (ctypes.c_uint32 * facts.most_moves)()
        self._items = (ctypes.c_uint64 * self._loaded.item_words)()

    def __call__(self, state: State, want: int = WANT_ALL) -> tuple[list[tuple[int, State]], bool, bool]:
        """The steps taken with the states after them; whether some are left out; whether it is a state to be passed."""
        words = self._emitted.layout.words
        packed = (ctypes.c_uint64 * words)(*self._emitted.layout.pack(state))
        moves = Moves(self._states, self._steps, self._items, want)
        self._reduce(packed, ctypes.byref(moves))
        after = [self._emitted.layout.unpack(self._states[k * words : (k + 1) * words]) for k in range(moves.count)]
        return list(zip(self._steps[: moves.count], after, strict=True)), bool(moves.reduced), bool(moves.single)


def expected(system: TransitionSystem, ample: Ample, state: State) -> tuple[list[tuple[int, State]], bool, bool]:
    """What `reduce` is to say of a state, by `choose`."""
    every = enabled(system, state)
    points = tuple(control.point(state) for control in ample.controls)
    true = sum(1 << number for number, test in enumerate(ample.tests) if evaluate(test, state, system.slot))
    chosen = choose(ample, Situation(points, frozenset(step.index for step in every), true))
    taken = [step for step in every if (chosen >> step.process) & 1]
    at = [facts[point] for facts, point in zip(ample.points, points, strict=True)]
    sticky = [any(item.sticky and item.source == step for item in at[step.process].items) for step in taken]
    after = [(step.index, apply(system, step, state)) for step in taken]
    return sorted(after), len(taken) < len(every), sticky == [False]


def compare_choices(system: TransitionSystem, asked: Sequence[Property], most: int = MOST) -> int:
    """Compare the choice in each state; how many were not all that is enabled."""
    ample = ample_for(system, asked)
    native = Reducing(system, asked, ample)
    partial = 0
    for state in reachable(system, most):
        wanted = expected(system, ample, state)
        steps, reduced, single = native(state)
        assert (sorted(steps), reduced, single) == wanted
        alone = native(state, WANT_ALL | WANT_SINGLE)
        assert alone[2] == single
        assert not single or alone[0] == steps
        partial += reduced
    return partial


@few
@given(questions())
def test_same_choice_in_random_systems(asked: Question) -> None:
    """The same steps are taken, lead to the same states, and the same states may be passed."""
    compare_choices(*asked)


@few
@given(strategies.systems(), strategies.properties())
def test_same_choice_where_everything_is_shared(system: TransitionSystem, asked: tuple[Property, ...]) -> None:
    """The same where hardly anything is independent."""
    compare_choices(system, asked)


@pytest.mark.parametrize(("path", "params"), CORPUS)
def test_same_choice_in_the_corpus(path: Path, params: Params) -> None:
    """The same in the states of the corpus, with all sanitizers."""
    compare_choices(lower(load_model(path, dict(params))).system, ALL)


@pytest.mark.parametrize(
    ("name", "params", "partial"),
    [
        ("exit_vs_reaper", {"N": "2"}, 1350),
        ("peterson", {"N": "4"}, 1210),
        ("reaper_queue", {}, 1471),
        ("oom_v6_18", {}, 1393),
    ],
)
def test_same_choice_in_models(name: str, params: dict[str, str], partial: int) -> None:
    """The same in the first 1,500 states of models of some size; in so many of them steps are left out."""
    assert compare_choices(model(name, **params), ALL, 1_500) == partial


def test_as_many_processes_as_a_word_has_bits() -> None:
    """64 processes that have nothing to do with each other take their steps one after the other."""
    system = toys.system(
        "many", [], [toys.process(f"t{k}", 2, 1) for k in range(64)], [toys.step(k, 0, 1) for k in range(64)]
    )
    found = Native(1, order=True)(system, (), Limits())
    assert (found.states, found.transitions) == (65, 64)


# ---------------------------------------------------------------- searches


def answers(found: Exploration) -> tuple[object, ...]:
    """What must not depend on reductions."""
    return found.stopped, found.witnesses, found.antecedents, found.covered, found.halted, found.shortest


def compare_searches(system: TransitionSystem, asked: Sequence[Property], threads: Sequence[int] = (1, 2, 5)) -> None:
    """Reduced and fused searches store the states that the readable search stores, and answer like the reference."""
    asked = tuple(asked) if COMPLETE in asked else (*asked, COMPLETE)
    full = reference.explore(system, asked, Limits())
    ample = ample_for(system, asked)
    for fuse in (False, True):
        stored = Readable(system, asked, ample).run(fuse).states
        found = [Native(count, order=True, fuse=fuse)(system, asked, Limits()) for count in threads]
        assert [one.states for one in found] == [stored] * len(found)
        assert len({(one.transitions, one.depth) for one in found}) == 1
        assert [answers(one) for one in found] == [answers(full)] * len(found)


@few
@given(questions())
def test_same_answers_about_random_systems(asked: Question) -> None:
    """Verdicts, witnesses to the step, antecedents, cover points and sanitizers that halt."""
    compare_searches(*asked)


@few
@given(strategies.systems(), strategies.properties())
def test_same_answers_where_everything_is_shared(system: TransitionSystem, asked: tuple[Property, ...]) -> None:
    """The same where hardly anything is independent."""
    if reference.explore(system, (COMPLETE,), Limits(max_states=ENOUGH)).exhaustive:
        compare_searches(system, asked, (1, 2))


@pytest.mark.parametrize(("path", "params"), CORPUS)
def test_same_answers_about_the_corpus(path: Path, params: Params) -> None:
    """The same for each model of the corpus, with all sanitizers."""
    system = lower(load_model(path, dict(params))).system
    if reference.explore(system, (COMPLETE,), Limits(max_states=ENOUGH)).exhaustive:
        compare_searches(system, ALL, (1, 2))


@pytest.mark.parametrize(
    ("name", "params", "counts"),
    [
        ("exit_vs_reaper", {"N": "4", "K": "2", "R": "2", "S": "1", "F": "2"}, (14_448, 5_948, 2_401)),
        ("peterson", {"N": "4"}, (128_022, 70_531, 63_217)),
        ("szymanski", {"N": "4"}, (99_830, 44_873, 18_753)),
        ("phils", {"N": "11"}, (177_147, 8_192, 1_536)),
        ("oom_v6_17", {"NVICTIM": "1"}, (11_916, 5_213, 1_626)),
        ("reaper_queue", {}, (198_208, 9_026, 2_478)),
    ],
)
def test_counts_of_models(name: str, params: dict[str, str], counts: tuple[int, int, int]) -> None:
    """States of the full, the reduced and the fused search are those of the readable searches, on any threads."""
    system = model(name, **params)
    asked = (*ALL, COMPLETE) if COMPLETE not in ALL else ALL
    for threads in (1, 5):
        engines = Native(threads), Native(threads, order=True), Native(threads, order=True, fuse=True)
        assert tuple(engine(system, asked, Limits()).states for engine in engines) == counts


def test_names_of_reductions() -> None:
    """An outcome says what made the search smaller."""
    system = toys.counter(3)
    found = [engine(system, (), Limits()).reductions for engine in (Native(1), Native(1, True), Native(1, True, True))]
    assert found == [(), ("partial order",), ("partial order", "step fusion")]


# ---------------------------------------------------------------- witnesses when the full search is too large


def compare_limited(system: TransitionSystem, asked: Sequence[Property], fuse: bool) -> bool:
    """Allow as many states as the reduced search needs: witnesses are real. Whether they may be longer than need be."""
    asked = tuple(asked) if COMPLETE in asked else (*asked, COMPLETE)
    engine = Native(1, order=True, fuse=fuse)
    full = reference.explore(system, asked, Limits())
    found = engine(system, asked, Limits(max_states=engine(system, asked, Limits()).states))
    assert found.stopped == ""
    assert found.witnesses.keys() == full.witnesses.keys()
    assert (found.antecedents, found.covered, found.halted) == (full.antecedents, full.covered, full.halted)
    if found.shortest:
        assert found.witnesses == full.witnesses
    for prop in asked:
        if prop.name in found.witnesses:
            check_witness(system, prop, found.witnesses[prop.name])
    return not found.shortest


def test_real_witnesses_when_the_full_search_hits_a_limit() -> None:
    """The path of the reduced search, with the steps through fused states, shows the same; some systems need it."""
    longer = list[bool]()

    @few
    @given(questions())
    def look(asked: Question) -> None:
        longer.extend(compare_limited(*asked, fuse) for fuse in (False, True))

    look()
    assert any(longer)


@pytest.mark.parametrize("fuse", [False, True])
def test_a_longer_path_to_a_deadlock(fuse: bool) -> None:
    """Seven philosophers take their left forks; the full search has more states than are allowed."""
    system = toys.philosophers(7)
    engine = Native(2, order=True, fuse=fuse)
    states = engine(system, (sanitizer("deadlock"), COMPLETE), Limits()).states
    found = engine(system, (sanitizer("deadlock"), COMPLETE), Limits(max_states=states))
    assert (found.stopped, found.shortest) == ("", False)
    assert len(found.witnesses["deadlock"].steps) == 7


@pytest.mark.parametrize(("polls", "stopped", "length"), [(0, "interrupted", None), (1, "", 9)])
def test_an_interrupt_before_or_in_the_full_search(polls: int, stopped: str, length: int | None) -> None:
    """After so many polls: nothing is known yet, or the reduced search has all and its own path will do."""
    calls = 0

    def stop() -> str:
        nonlocal calls
        calls += 1
        return "interrupted" if calls > polls else ""

    asked = (sanitizer("deadlock"), COMPLETE)
    found = explore(toys.philosophers(9), asked, Limits(), build, Tuning(1, order=True, fuse=True), stop)
    witness = found.witnesses.get("deadlock")
    assert (found.stopped, witness and len(witness.steps)) == (stopped, length)
    assert found.shortest is (length is None)


# ---------------------------------------------------------------- as a program in C

FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread", f"-I{RUNTIME}")
MEMORY = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREADS = ("-fsanitize=thread",)


def compiled(folder: Path, emitted: Emitted, flags: Sequence[str]) -> Path:
    """A program with the core and a generated model."""
    source, program = folder / "model.c", folder / "program"
    source.write_text(emitted.text)
    test = Path(__file__).parent / "c" / "reduce_test.c"
    parts = map(str, (*sorted(RUNTIME.glob("*.c")), source, test))
    width = f"-DWORDS={emitted.layout.words}" if emitted.layout.words <= 2 else "-DWORDS=1 -DFOLDED"
    command = [os.environ.get("CC", "cc"), *FLAGS, *flags, *width.split(), *parts, "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    return program


@pytest.mark.parametrize("flags", [MEMORY, THREADS], ids=["memory", "threads"])
@pytest.mark.parametrize(
    ("name", "params", "counts"),
    [
        ("exit_vs_reaper", {"N": "4", "K": "2", "R": "2", "S": "1", "F": "2"}, ("5948 8631 68", "2401 12079 32")),
        ("oom_v6_17", {"NVICTIM": "1"}, ("5213 7751 79", "1626 10047 34")),
    ],
)
def test_under_sanitizers(
    tmp_path: Path, name: str, params: dict[str, str], counts: tuple[str, str], flags: Sequence[str]
) -> None:
    """Narrow and folded states: the same counts on 1, 2 and 5 threads, nothing undefined, no data race."""
    system = model(name, **params)
    emitted = emit(system, items_of(system, ALL), (), ample_for(system, ALL))
    ended = subprocess.run(
        [compiled(tmp_path, emitted, flags)], capture_output=True, text=True, timeout=100, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [counts[0]] * 3 + [counts[1]] * 3


# ---------------------------------------------------------------- where it does not apply


def test_refusals() -> None:
    """Questions in which steps or runs count are refused, and models that are too large for it."""
    system = toys.counter(3)
    state, run = Property("s", Kind.NEVER), Property("m:r", Kind.LTL)
    many = toys.system("many", [], [toys.process(f"t{k}", 1, 0) for k in range(65)], [])
    long = toys.system("long", [], [toys.process("t", 4_002, 4_001)], [toys.step(0, k, k + 1) for k in range(4_001)])
    assert [
        order_refusal(system, (state,), Limits()),
        order_refusal(system, (state, run), Limits()),
        order_refusal(system, (state,), Limits(depth=3)),
        order_refusal(replace(system, timed=True), (state,), Limits()),
        order_refusal(many, (), Limits()),
        order_refusal(long, (), Limits()),
    ] == [
        "",
        "`r` is about runs, and those that are left out count as well",
        "a depth limit counts the steps on shortest paths, and these may be left out",
        "in a timed model nearly every step depends on the clock",
        "the model has more than 64 threads",
        "the model has more than 4000 steps",
    ]
