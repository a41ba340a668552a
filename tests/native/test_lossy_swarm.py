"""Swarms of lossy searches: what they find together, and that threads do not change it."""

import math
from dataclasses import replace

import pytest

from oomcheck.native.lossy import LossyOptions, explore_lossy
from oomcheck.native.lossy_core import Bitstate, HashCompact
from oomcheck.native.lossy_swarm import Swarm, explore_swarm
from oomcheck.result.exploration import Limits, Progress
from tests.native.lossy_toys import Toys, build_toys, follow, successors

MIB = 2**20
LARGE = LossyOptions(Bitstate(MIB), MIB)
SMALL = LossyOptions(Bitstate(512), MIB)  # 4096 bits for the 10,000 states of the grid
FREE = Limits()


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Toys:
    """The toys, in states of one word."""
    return build_toys(tmp_path_factory.mktemp("toys"), 1)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(toys: Toys, threads: int) -> None:
    """The outcome is that of the runs one after the other, seconds apart."""
    alone = explore_swarm(toys.task("grid", 0, 1), SMALL, Swarm(12, 1), FREE)
    found = explore_swarm(toys.task("grid", 0, 1), SMALL, Swarm(12, threads), FREE)
    assert replace(found, seconds=0) == replace(alone, seconds=0)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_runs_after_the_last_finding_do_not_count(toys: Toys, threads: int) -> None:
    """A swarm that has found enough has as many runs as it took, whoever was faster."""
    options = LossyOptions(Bitstate(1400), MIB)
    found = explore_swarm(toys.task("grid", 0, 1, enough=True), options, Swarm(200, threads), FREE)
    assert found.stopped == "all properties decided"
    assert len(found.runs) == 54
    assert set(found.paths) == {0, 1}


def test_paths_lead_to_their_items(toys: Toys) -> None:
    """Each path can be taken, and its last state has the item."""
    found = explore_swarm(toys.task("broken", 0), LARGE, Swarm(5, 2), FREE)
    assert 0 in successors(toys, "broken")(follow(toys, "broken", found.paths[0]))[0]
    assert len(found.paths[0]) == 6


def test_runs_differ(toys: Toys) -> None:
    """Each run has a seed of its own, and with it its own states."""
    found = explore_swarm(toys.task("grid"), SMALL, Swarm(8, 2), FREE)
    assert len({run.seed for run in found.runs}) == 8
    assert len({run.counts for run in found.runs}) == 8
    assert found.states == max(run.counts.states for run in found.runs)


def test_swarm_sees_more_than_one_run(toys: Toys) -> None:
    """The star has 20,000 transitions to leaves; small tables together keep what each of them forgets."""
    # The middle is expanded by every run, so each of them sees all transitions, but no run knows all leaves.
    found = explore_swarm(toys.task("star"), LossyOptions(Bitstate(2**12), 4 * MIB), Swarm(3, 1), FREE)
    assert len(found.fired) == 20_000
    assert all(run.counts.states < 20_001 for run in found.runs)


def test_seed_chooses_all_runs(toys: Toys) -> None:
    """The same seed gives the same swarm, another one another."""
    first, again, other = (
        explore_swarm(toys.task("grid"), replace(SMALL, seed=seed), Swarm(3, 2), FREE).runs for seed in (5, 5, 6)
    )
    assert first == again
    assert {run.counts for run in first}.isdisjoint(run.counts for run in other)


def test_order_of_successors_is_drawn(toys: Toys) -> None:
    """A run of a swarm finds the corner of the grid by other steps than a single search does."""
    single = explore_lossy(toys.task("grid", 0), LARGE, FREE)
    swarm = explore_swarm(toys.task("grid", 0), LARGE, Swarm(1, 1), FREE)
    assert sorted(single.paths[0]) == sorted(swarm.paths[0])
    assert single.paths[0] != swarm.paths[0]


def test_end_of_a_swarm(toys: Toys) -> None:
    """The estimates of runs that were not cut are multiplied: they are independent."""
    options = LossyOptions(Bitstate(2**14), MIB)
    found = explore_swarm(toys.task("grid"), options, Swarm(4, 2), FREE)
    chance = math.prod(run.omission.chance for run in found.runs)
    least, most = min(run.counts.states for run in found.runs), max(run.counts.states for run in found.runs)
    assert found.stopped == (
        f"swarm of 4 runs, bitstate search: {least} to {most} states each; "
        f"probability that every run omitted a state at least {chance:.2g}"
    )


def test_end_of_a_swarm_with_room_enough(toys: Toys) -> None:
    """Even where every run saw every state that is no proof, and the end says so."""
    found = explore_swarm(toys.task("peterson"), LARGE, Swarm(2, 2), FREE)
    assert found.stopped.startswith("swarm of 2 runs, bitstate search: 20 states each; probability that every run")


def test_cut_runs_have_no_estimate(toys: Toys) -> None:
    """Runs that a bound cut are counted, with the bound."""
    found = explore_swarm(toys.task("grid"), LARGE, Swarm(3, 2), Limits(max_states=50))
    assert found.stopped == "swarm of 3 runs, bitstate search: 50 states each; 3 ended early (state limit 50)"


def test_depth_limit_is_of_each_run(toys: Toys) -> None:
    """A bound on depth is a bound of every run."""
    found = explore_swarm(toys.task("grid", 0), LARGE, Swarm(2, 2), Limits(depth=35))
    assert found.paths == {}
    assert found.stopped.endswith("2 ended early (depth limit 35)")


def test_swarm_of_hash_compactions(toys: Toys) -> None:
    """Any table will do."""
    found = explore_swarm(toys.task("grid", 0), LossyOptions(HashCompact(MIB), MIB), Swarm(2, 2), FREE)
    assert [run.counts.states for run in found.runs] == [10_000, 10_000]
    assert found.stopped.startswith("swarm of 2 runs, hash compaction: 10000 states each; ")


def test_reason_from_outside_ends_the_swarm(toys: Toys) -> None:
    """Runs that did not begin do not count, and the reason comes first."""
    seen: list[Progress] = []
    watch = (lambda: "interrupted" if seen else "", seen.append)
    found = explore_swarm(toys.task("grid", 2), LARGE, Swarm(10_000, 2), FREE, watch)
    assert found.stopped.startswith("interrupted (swarm of 10000 runs, bitstate search: ")
    assert 1 <= len(found.runs) < 10_000


def test_exception_from_outside_ends_the_swarm(toys: Toys) -> None:
    """Ctrl-C in the calling thread halts all runs."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explore_swarm(toys.task("grid", 2), LARGE, Swarm(10_000, 2), FREE, (interrupt, None))


def test_no_memory_for_the_tables(toys: Toys) -> None:
    """Tables that cannot be had end each run, not the program."""
    found = explore_swarm(toys.task("grid"), LossyOptions(Bitstate(2**55)), Swarm(2, 1), FREE)
    assert found.states == 0
    assert found.stopped.endswith("2 ended early (no memory for a table of 3.277e+04 TiB)")


@pytest.mark.parametrize(("runs", "threads"), [(0, 1), (1, 0), (-1, None)])
def test_swarms_that_do_not_exist(runs: int, threads: int | None) -> None:
    """There is at least one run on at least one thread."""
    with pytest.raises(ValueError, match="a swarm of"):
        Swarm(runs, threads)
