"""Every engine finds in hand-written systems exactly what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from oomcheck.ir.expr import TRUE, Var, binary, eq, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.property import SANITIZERS, Kind, Part, Property, sanitizer
from oomcheck.pygen import search as generated
from oomcheck.result.exploration import Exploration, Limits, LockEdge, Progress, Witness
from oomcheck.semantics import search as reference
from oomcheck.semantics.replay import check_witness
from tests import toys
from tests.toys import fault, number, process, step, system, variable

Engine = Callable[..., Exploration]
ENGINES: dict[str, Engine] = {"reference": reference.explore, "pygen": generated.explore}
ALL = tuple(sanitizer(name) for name in SANITIZERS)
N = Var("n", IntSort(0, 5))


def fails(name: str, toy: TransitionSystem, prop: Property) -> Witness:
    """The witness that the engine finds for `prop`; it is real."""
    found = ENGINES[name](toy, (*ALL, prop) if prop not in ALL else ALL, Limits())
    witness = found.witnesses[prop.name]
    assert check_witness(toy, prop, witness) == ""
    return witness


@pytest.mark.parametrize("name", ENGINES)
class TestCounts:
    """States, transitions and depth, counted by hand or by the oracle."""

    @pytest.mark.parametrize(
        ("toy", "states", "transitions", "depth"),
        [
            (toys.counter(5), 7, 6, 6),
            (toys.peterson(), 20, 34, 6),
            (toys.peterson(broken=True), 32, 64, 8),
            (toys.increments(), 13, 14, 4),
            (toys.philosophers(2), 13, 14, 6),
            (toys.philosophers(3), 45, 69, 9),
            (toys.philosophers(3, ordered=True), 42, 62, 9),
            (toys.philosophers(4), 161, 332, 12),
            (toys.use_after_free(), 6, 6, 3),
        ],
    )
    def test_counts(self, name: str, toy: TransitionSystem, states: int, transitions: int, depth: int) -> None:
        """The whole state space is visited when nothing ends the search."""
        found = ENGINES[name](toy, ALL, Limits())
        assert (found.states, found.transitions, found.depth, found.stopped) == (states, transitions, depth, "")
        assert found.exhaustive

    def test_nothing_asked(self, name: str) -> None:
        """Without properties the search is exhaustive."""
        found = ENGINES[name](toys.counter(5), (), Limits())
        assert (found.states, found.stopped, found.covered) == (7, "", frozenset({0, 1}))


@pytest.mark.parametrize("name", ENGINES)
class TestWitnesses:
    """One test for each way to decide a property."""

    def test_mutual_exclusion(self, name: str) -> None:
        """Peterson's algorithm keeps the promise; without its flags it does not."""
        good, bad = toys.peterson(), toys.peterson(broken=True)
        never = Property("mutex", Kind.NEVER, toys.both_critical(bad))
        assert "mutex" not in ENGINES[name](good, (never,), Limits()).witnesses
        assert fails(name, bad, never).steps == (0, 1, 2, 4, 5, 6)

    def test_invariant_never_and_cover(self, name: str) -> None:
        """The three kinds read one formula in three ways, also where it is undefined."""
        toy = toys.counter(5)
        at_three, below_two = eq(N, number(3)), binary(Op.LT, N, number(2))
        assert fails(name, toy, Property("i", Kind.INVARIANT, not_(at_three))).steps == (0, 0, 0)
        assert fails(name, toy, Property("l", Kind.LEMMA, not_(at_three))).steps == (0, 0, 0)
        assert fails(name, toy, Property("n", Kind.NEVER, at_three)).steps == (0, 0, 0)
        assert fails(name, toy, Property("c", Kind.COVER, at_three)).steps == (0, 0, 0)
        assert fails(name, toy, Property("u", Kind.INVARIANT, TRUE, below_two)).steps == (0, 0)
        assert fails(name, toy, Property("v", Kind.NEVER, at_three, below_two)).steps == (0, 0)
        undefined = Property("w", Kind.COVER, at_three, below_two)
        assert ENGINES[name](toy, (undefined,), Limits()).witnesses == {}

    def test_initial_state_counts(self, name: str) -> None:
        """The empty path can decide a property."""
        toy = toys.counter(5)
        assert fails(name, toy, Property("c", Kind.COVER, eq(N, number(0)))).steps == ()

    def test_halting_fault(self, name: str) -> None:
        """A fault names itself, marks its sanitizer as halted, and is no deadlock."""
        toy = toys.use_after_free()
        assert fails(name, toy, sanitizer("lifetime")) == Witness((0, 1), fault=0)
        found = ENGINES[name](toy, (sanitizer("deadlock"),), Limits())
        assert found.witnesses == {}
        assert found.halted == {"lifetime"}

    def test_fault_that_does_not_halt(self, name: str) -> None:
        """The run goes on behind it; who did not ask hears nothing of it."""
        toy = system(
            "toy", [], [process("a", 3, 2)], [step(0, 0, 1), step(0, 1, 2)], [fault(0, 1, TRUE, "assert", False)]
        )
        assert fails(name, toy, sanitizer("assert")) == Witness((0,), fault=0)
        found = ENGINES[name](toy, (), Limits())
        assert (found.states, found.witnesses, found.halted) == (3, {}, frozenset())

    def test_race(self, name: str) -> None:
        """A plain store and a plain load at once race; marked ones do not."""
        assert fails(name, toys.increments(), sanitizer("race")) == Witness((0,), racing=(1, 2))
        assert ENGINES[name](toys.increments(marked=True), ALL, Limits()).witnesses == {}

    def test_lock_order(self, name: str) -> None:
        """Each thread takes the next lock while it holds its own; a common order has no circle."""
        witness = fails(name, toys.philosophers(3), sanitizer("lockdep"))
        assert witness.cycle == (LockEdge(0, 0, 1), LockEdge(1, 1, 2), LockEdge(2, 2, 0))
        assert witness.paths == ((0,), (3,), (6,))
        assert ENGINES[name](toys.philosophers(3, ordered=True), ALL, Limits()).witnesses == {}

    def test_deadlock(self, name: str) -> None:
        """All wait for each other; a property may accept that state of rest."""
        toy = toys.philosophers(3)
        assert fails(name, toy, sanitizer("deadlock")).steps == (0, 3, 6)
        own = Property("own", Kind.DEADLOCK_FREE)
        assert fails(name, toy, own).steps == (0, 3, 6)
        accepted = replace(own, rest=toy.at(0, 1))
        assert ENGINES[name](toy, (accepted,), Limits()).witnesses == {}

    @pytest.mark.parametrize(
        ("kind", "daemon", "done", "stuck"),
        [
            (ProcessKind.THREAD, False, None, True),
            (ProcessKind.KTHREAD, False, 0, True),
            (ProcessKind.THREAD, False, 1, False),
            (ProcessKind.KTHREAD, True, None, False),
            (ProcessKind.ENV, False, None, False),
            (ProcessKind.SOFTIRQ, False, None, False),
        ],
    )
    def test_who_may_rest(self, name: str, kind: ProcessKind, daemon: bool, done: int | None, stuck: bool) -> None:
        """Daemons, environments and interrupt handlers may rest; a finished thread has nothing to do."""
        toy = system("toy", [], [process("a", 2, done, kind, daemon)], [step(0, 0, 1)])
        assert ("deadlock" in ENGINES[name](toy, ALL, Limits()).witnesses) == stuck

    def test_antecedents(self, name: str) -> None:
        """Those that hold somewhere are noted, whatever becomes of the property."""
        parts = tuple(Part(str(value), eq(N, number(value))) for value in (2, 5, 9))
        prop = Property("p", Kind.INVARIANT, TRUE, antecedents=parts)
        assert ENGINES[name](toys.counter(5), (prop,), Limits()).antecedents == {("p", 0), ("p", 1)}


@pytest.mark.parametrize("name", ENGINES)
class TestEnds:
    """Why a search ends before all states are visited."""

    toy = toys.counter(5000)

    def test_state_limit(self, name: str) -> None:
        """Exactly so many states are visited."""
        found = ENGINES[name](self.toy, ALL, Limits(max_states=1000))
        assert (found.states, found.transitions, found.depth) == (1000, 999, 999)
        assert found.stopped == "state limit 1000"

    def test_state_limit_that_suffices(self, name: str) -> None:
        """A limit that is met exactly does not stop anything."""
        assert ENGINES[name](toys.peterson(), ALL, Limits(max_states=20)).stopped == ""

    @pytest.mark.parametrize(
        ("depth", "states", "transitions", "stopped"),
        [(0, 1, 0, "depth limit 0"), (5, 6, 5, "depth limit 5"), (6, 7, 6, ""), (9, 7, 6, "")],
    )
    def test_depth_limit(self, name: str, depth: int, states: int, transitions: int, stopped: str) -> None:
        """A limit counts only if there is something behind it."""
        found = ENGINES[name](toys.counter(5), ALL, Limits(depth=depth))
        assert (found.states, found.transitions, found.stopped) == (states, transitions, stopped)

    def test_time_limit(self, name: str) -> None:
        """No time, no search; the reason says so."""
        assert ENGINES[name](self.toy, ALL, Limits(timeout=0.0)).stopped == "time limit 0 s"

    def test_memory_limit(self, name: str) -> None:
        """A megabyte is less than Python needs."""
        assert ENGINES[name](self.toy, ALL, Limits(max_memory=2**20)).stopped == "memory limit 1 MiB"

    def test_should_stop(self, name: str) -> None:
        """The caller's reason ends the search, which keeps what it found."""
        calls: list[Progress] = []

        def should_stop() -> str:
            return "interrupted" if len(calls) > 10 else ""

        prop = Property("early", Kind.COVER, eq(Var("n", IntSort(0, 5000)), number(3)))
        found = ENGINES[name](self.toy, (prop, *ALL), Limits(), should_stop, calls.append)
        assert found.stopped == "interrupted"
        assert found.witnesses["early"].steps == (0, 0, 0)
        assert [call.states for call in calls[:3]] == [1, 65, 129]
        assert (calls[2].depth, calls[2].frontier, calls[2].transitions) == (128, 1, 128)

    def test_all_decided(self, name: str) -> None:
        """Nothing left to ask, nothing left to do; dead code needs the whole search."""
        asked: Sequence[Property] = [Property("c", Kind.COVER, eq(N, number(3)))]
        found = ENGINES[name](toys.counter(5), asked, Limits())
        assert (found.states, found.stopped) == (5, "all properties decided")
        assert ENGINES[name](toys.counter(5), [*asked, sanitizer("unreachable")], Limits()).stopped == ""
        last = [Property("c", Kind.COVER, toys.counter(5).at(0, 1))]
        assert ENGINES[name](toys.counter(5), last, Limits()).stopped == ""

    def test_bool_state_values_stay_ints(self, name: str) -> None:
        """A comparison that is stored finds the same state as a constant."""
        p = Var("p", BOOL)
        steps = [step(0, 0, 0, writes=[(p, eq(p, p))]), step(0, 0, 0, writes=[(p, TRUE)])]
        toy = system("toy", [variable("p", BOOL)], [process("a", 1)], steps)
        assert ENGINES[name](toy, ALL, Limits()).states == 2
