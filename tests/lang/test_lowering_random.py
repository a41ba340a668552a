"""Lowering means what docs/language.md says: random models do the same under an interpreter of their syntax trees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, event, given, settings

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.load import read_files
from oomcheck.lang.lower import lower
from oomcheck.prop.property import sanitizer
from oomcheck.semantics.checks import deadlocked
from oomcheck.semantics.successors import apply, enabled, faults
from tests import programs
from tests.interpreter import Outcome, TooLarge, interpret
from tests.test_corpus import MODELS, title

#: Models of more states are not compared.
LIMIT = 3_000
EXAMPLES = int(os.environ.get("OOMCHECK_RANDOM_MODELS", "150"))
#: Misuse that both sides see; lock orders and races are not the lowering's.
COMPARED = frozenset({"assert", "uninit", "range", "null", "refcount"})

#: Programs that the front end may refuse: a block with too many paths.
REFUSED = frozenset({"E0302"})

Memory = tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """What the transition system of a model does."""

    names: tuple[str, ...]
    memories: frozenset[Memory]
    deadlock: bool
    faults: frozenset[str]
    initial: State
    graph: dict[State, list[tuple[int, State]]]
    slots: tuple[int, ...]

    def memory(self, state: State) -> Memory:
        """The shared part of a state."""
        return tuple(state[i] for i in self.slots)


def explore(system: TransitionSystem) -> Found:
    """All reachable states, one after the other; `TooLarge` beyond the limit."""
    shared = [i for i, (v, _) in enumerate(system.slots) if v.role in (Role.SHARED, Role.GHOST, Role.OBJECT)]
    graph: dict[State, list[tuple[int, State]]] = {}
    seen, work = {system.initial}, [system.initial]
    found: set[str] = set()
    stuck = False
    while work:
        state = work.pop()
        moves = enabled(system, state)
        found.update(fault.sanitizer for fault in faults(system, state))
        stuck = stuck or deadlocked(system, sanitizer("deadlock"), state, moves)
        graph[state] = []
        for move in moves:
            following = apply(system, move, state)
            graph[state].append((move.process, following))
            if following not in seen:
                if len(seen) > 2 * LIMIT:
                    raise TooLarge
                seen.add(following)
                work.append(following)
    names = tuple(system.slot_names[i] for i in shared)
    memories = frozenset(tuple(state[i] for i in shared) for state in seen)
    return Found(names, memories, stuck, frozenset(found), system.initial, graph, tuple(shared))


def project(names: tuple[str, ...], memories: Mapping[Memory, None], wanted: list[str]) -> set[Memory]:
    """The memories, as far as the wanted names go."""
    positions = [names.index(name) for name in wanted]
    return {tuple(memory[i] for i in positions) for memory in memories}


def compare(path: Path) -> Outcome:
    """Interpreter and transition system of a model agree."""
    files = read_files(path)
    expected = interpret(files.main, LIMIT)
    found = explore(lower(load_model(path, {})).system)
    both = [n for n in expected.names if n in found.names and not (expected.cut and n in expected.ghosts)]
    memories = dict.fromkeys(expected.memories)
    assert project(found.names, dict.fromkeys(found.memories), both) == project(expected.names, memories, both)
    dropped = [name for name in expected.names if name not in found.names]
    assert len(project(expected.names, memories, dropped)) == 1
    assert expected.deadlock == found.deadlock, "deadlock"
    compared = COMPARED - {"assert"} if expected.cut and expected.ghosts else COMPARED
    assert expected.certain & compared <= found.faults, "missed"
    assert found.faults & compared <= expected.possible, "invented"
    if not expected.local_start and not expected.cut:
        assert bisimilar(expected, found, both), "steps"
    return expected


def bisimilar(expected: Outcome, found: Found, names: list[str]) -> bool:
    """Both sides can match each other's steps for ever: of the same thread, to states of the same shared memory."""
    there = [expected.names.index(name) for name in names]
    here = [found.names.index(name) for name in names]
    classes: dict[object, object] = {s: tuple(s[0][i] for i in there) for s in expected.graph}
    classes |= {s: tuple(found.memory(s)[i] for i in here) for s in found.graph}
    graph: dict[object, Sequence[tuple[int, object]]] = {}
    for ours, moves in expected.graph.items():
        graph[ours] = moves
    for theirs, steps in found.graph.items():
        graph[theirs] = steps
    count = 0
    while len(set(classes.values())) > count:
        count = len(set(classes.values()))
        numbers: dict[object, int] = {}
        signatures = {s: (classes[s], frozenset((me, classes[n]) for me, n in graph[s])) for s in graph}
        classes = {s: numbers.setdefault(signature, len(numbers)) for s, signature in signatures.items()}
    return classes[expected.initial] == classes[found.initial]


def reduced(text: str, path: Path) -> str:
    """A smaller model on which both sides still differ: lines, or a line and the brace that closes it, left out."""

    def differs(lines: list[str]) -> bool:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            compare(path)
        except AssertionError:
            return True
        except (OomcheckError, TooLarge, NotImplementedError):
            return False
        return False

    lines = text.splitlines()
    shrinks = True
    while shrinks:
        shrinks = False
        for i in range(len(lines) - 1, -1, -1):
            indent = len(lines[i]) - len(lines[i].lstrip("\t"))
            ends = [j for j in range(i + 1, len(lines)) if lines[j].startswith("\t" * indent + "}")][:1]
            for j in (i, *ends):
                for rest in ([*lines[:i], *lines[j + 1 :]], [*lines[:i], *lines[i + 1 : j], *lines[j + 1 :]]):
                    if not shrinks and len(rest) < len(lines) and differs(rest):
                        lines, shrinks = rest, True
            if shrinks:
                break
    return "\n".join(lines)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=programs.models())
def test_random_models(text: str) -> None:
    """Shared memories, faults, deadlocks and steps of a random model are those that its text says."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "random.oom"
        path.write_text(text, encoding="utf-8")
        try:
            outcome = compare(path)
        except AssertionError as difference:
            small = reduced(text, path)
            raise AssertionError(f"{difference}\n{small}") from None
        except TooLarge:
            event("too large")
            return
        except OomcheckError as failure:
            assert failure.diagnostics[0].code in REFUSED, text  # noqa: PT017
            event("refused")
            return
        for sanitizer_name in outcome.certain:
            event(sanitizer_name)
        event("deadlock" if outcome.deadlock else "no deadlock")


@pytest.mark.parametrize("path", MODELS, ids=title)
def test_corpus(path: Path) -> None:
    """The same for the models of the corpus, as far as the interpreter knows what they use."""
    try:
        compare(path)
    except NotImplementedError:
        pytest.skip("uses what the interpreter does not know")
