"""Bitstate search and hash compaction on models written by hand, against a plain search and the estimates."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from oomcheck.native.lossy import LossyOptions, LossyOutcome, explore_lossy, in_bytes
from oomcheck.native.lossy_core import Bitstate, HashCompact, Table
from oomcheck.native.lossy_omission import bitstate_omission, bitstate_states
from oomcheck.result.exploration import Limits, Progress
from tests.native.lossy_toys import Toys, build_toys, follow, reachable, successors

MIB = 2**20
LEAVES = 20_000
TABLES: tuple[Table, ...] = (
    Bitstate(4 * MIB),
    Bitstate(4 * MIB, hashes=7),
    HashCompact(MIB),
    HashCompact(MIB, bits=64),
)
FREE = Limits()


@pytest.fixture(scope="module", params=[1, 3], ids=["1 word", "3 words"])
def toys(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Toys:
    """The toys, in states of one and of three words."""
    return build_toys(tmp_path_factory.mktemp("toys"), request.param)


def options(table: Table, seed: int = 1, stack: int = MIB) -> LossyOptions:
    """Options with a stack that is large enough for every toy."""
    return LossyOptions(table, stack, seed)


def star(toys: Toys, table: Table, seed: int = 1) -> LossyOutcome:
    """A search of the star: a leaf that is left out hides nothing."""
    return explore_lossy(toys.task("star"), options(table, seed, 4 * MIB), FREE)


# ---------------------------------------------------------------- counts and findings


@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.parametrize("name", ["grid", "chain", "idler", "peterson", "broken", "star"])
def test_large_tables_forget_nothing(toys: Toys, name: str, table: Table) -> None:
    """With room enough the search sees every state and every transition of a plain search."""
    expand, states = successors(toys, name), reachable(toys, name)
    found = explore_lossy(toys.task(name), options(table, stack=4 * MIB), FREE)
    assert found.states == len(states)
    assert found.transitions == sum(len(expand(state)[1]) for state in states)
    assert found.seen == frozenset().union(*(expand(state)[0] for state in states))
    assert found.fired == {step for state in states for step, _ in expand(state)[1]}


@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.parametrize(
    ("name", "items"), [("grid", (0, 1, 70)), ("chain", (0,)), ("broken", (0, 1)), ("idler", (0,))]
)
def test_paths_lead_to_their_items(toys: Toys, name: str, items: tuple[int, ...], table: Table) -> None:
    """Each path can be taken, and its last state has the item."""
    expand = successors(toys, name)
    found = explore_lossy(toys.task(name, *items), options(table), FREE)
    wanted = set(items) & found.seen
    assert set(found.paths) == wanted
    for item in wanted:
        assert item in expand(follow(toys, name, found.paths[item]))[0]


def test_only_wanted_items_have_paths(toys: Toys) -> None:
    """What is seen but was not asked for has no path."""
    found = explore_lossy(toys.task("grid", 1, 2), options(TABLES[0]), FREE)
    assert found.paths == {1: (0,) * 9}
    assert found.seen == {0, 1, 70}


def test_peterson_is_safe_and_its_broken_twin_is_not(toys: Toys) -> None:
    """The algorithm never lets both in; without giving the turn away it does, after six steps."""
    right, wrong = (explore_lossy(toys.task(name, 0, 1), options(TABLES[0]), FREE) for name in ("peterson", "broken"))
    assert right.paths == {}
    assert sorted(wrong.paths) == [0]
    assert len(wrong.paths[0]) == 6


def test_detours_are_cut_off(toys: Toys) -> None:
    """The path to the end of the chain is a shortest one although the search found it by 505 steps."""
    found = explore_lossy(toys.task("chain", 0), options(TABLES[0]), FREE)
    assert found.depth == 505
    assert len(found.paths[0]) == reachable(toys, "chain")[follow(toys, "chain", found.paths[0])] == 109


def test_search_ends_with_the_last_item(toys: Toys) -> None:
    """When all that is asked for was found, the search stops and says so."""
    found = explore_lossy(toys.task("grid", 0, enough=True), options(TABLES[0]), FREE)
    assert found.stopped == "all properties decided"
    assert (found.states, found.transitions, found.depth) == (91, 90, 36)


def test_one_item_missing_keeps_the_search_going(toys: Toys) -> None:
    """An item that does not exist is looked for to the end."""
    found = explore_lossy(toys.task("grid", 0, 2, enough=True), options(TABLES[0]), FREE)
    assert (found.states, found.runs[0].limit) == (10_000, "")


# ---------------------------------------------------------------- reductions


def test_symmetry_counts_classes_and_keeps_real_paths(toys: Toys) -> None:
    """One state of each class is visited, and paths are those of the model itself."""
    found = explore_lossy(toys.task("grid", 0, symmetry=True), options(TABLES[0]), FREE)
    assert found.states == math.comb(10 + 4 - 1, 4)
    assert follow(toys, "grid", found.paths[0]) == follow(toys, "grid", tuple(k for k in range(4) for _ in range(9)))


def test_reduction_is_used(toys: Toys) -> None:
    """With the model's partial-order reduction one order of the independent steps is left."""
    found = explore_lossy(toys.task("grid", 0, reduce=True), options(TABLES[0]), FREE)
    assert (found.states, len(found.paths[0])) == (37, 36)


def test_reduction_puts_nothing_off_for_ever(toys: Toys) -> None:
    """A step that the reduction leaves out at each state of a cycle is taken after all."""
    found = explore_lossy(toys.task("idler", 0, reduce=True), options(TABLES[0]), FREE)
    assert (found.states, sorted(found.paths)) == (6, [0])


def test_reductions_that_a_model_lacks_are_no_error(toys: Toys) -> None:
    """They are asked for in vain."""
    found = explore_lossy(toys.task("chain", 0, reduce=True, symmetry=True), options(TABLES[0]), FREE)
    assert found.states == 1001


# ---------------------------------------------------------------- what was left out


@pytest.mark.parametrize("hashes", [1, 2, 3, 5])
def test_bits_fill_as_uniform_hashes_would(toys: Toys, hashes: int) -> None:
    """The number of states that fits the bits set is the number of states, within one percent."""
    counts = star(toys, Bitstate(2**14, hashes)).runs[0].counts
    assert bitstate_states(counts.places, counts.filled, hashes) == pytest.approx(counts.states, rel=0.01)


@pytest.mark.parametrize(("size", "hashes"), [(2**12, 3), (2**13, 2), (2**14, 3), (2**11, 4)])
def test_bitstate_leaves_out_what_it_estimates(toys: Toys, size: int, hashes: int) -> None:
    """Over twenty seeds the number of omissions is as expected, within five standard deviations."""
    runs = [star(toys, Bitstate(size, hashes), seed).runs[0] for seed in range(20)]
    omitted = sum(LEAVES + 1 - run.counts.states for run in runs)
    expected = sum(run.omission.expected for run in runs)
    assert abs(omitted - expected) < 5 * math.sqrt(expected)


def test_bitstate_chance_is_the_share_of_seeds_that_omit(toys: Toys) -> None:
    """Of 200 seeds as many leave something out as the estimate says, within four standard deviations."""
    runs = [star(toys, Bitstate(2**17), seed).runs[0] for seed in range(200)]
    hit = sum(run.counts.states < LEAVES + 1 for run in runs)
    chance = bitstate_omission(2**20, runs[0].counts.filled, 3).chance
    assert chance == pytest.approx(0.56, abs=0.05)
    assert abs(hit - 200 * chance) < 4 * math.sqrt(200 * chance * (1 - chance))


@pytest.mark.parametrize(("bits", "slots"), [(8, 200_000), (16, 25_000)])
def test_compaction_leaves_out_what_it_estimates(toys: Toys, bits: int, slots: int) -> None:
    """Over thirty seeds the number of omissions is as expected, within five standard deviations."""
    runs = [star(toys, HashCompact(slots * bits // 8, bits), seed).runs[0] for seed in range(30)]
    omitted = sum(LEAVES + 1 - run.counts.states for run in runs)
    expected = sum(run.omission.expected for run in runs)
    assert abs(omitted - expected) < 5 * math.sqrt(expected)


@pytest.mark.parametrize("load", [0.25, 0.5, 0.8])
def test_compaction_compares_as_often_as_linear_probing_does(toys: Toys, load: float) -> None:
    """An insertion at load a ends after (1 + 1 / (1 - a)) / 2 probes on average (Knuth, TAOCP 3, 6.4)."""
    counts = star(toys, HashCompact(5 * round((LEAVES + 1) / load))).runs[0].counts
    assert counts.states == LEAVES + 1
    assert counts.compares / counts.states == pytest.approx((1 / (1 - load) - 1) / 2, rel=0.1)


def test_seed_chooses_the_hash_functions(toys: Toys) -> None:
    """Another seed leaves out other states; the same one leaves out the same ones."""
    fired = [star(toys, Bitstate(2**12), seed).runs[0].counts for seed in (1, 1, 2)]
    assert fired[0] == fired[1] != fired[2]


# ---------------------------------------------------------------- how it ends


def test_end_of_a_bitstate_search(toys: Toys) -> None:
    """It says how many states, how much room for each, and how likely a state was left out."""
    found = explore_lossy(toys.task("chain"), options(Bitstate(2**14, 1)), FREE)
    start = "bitstate search: 993 states, 132 bits for each; omission probability at least "
    assert found.stopped == start + "0.98, expected omissions 3.8"


def test_end_of_a_crowded_bitstate_search(toys: Toys) -> None:
    """Where it is expected to have left out states it says how many."""
    found = star(toys, Bitstate(2**12))
    assert "; omission probability at least 1, expected omissions " in found.stopped


def test_end_of_a_full_array(toys: Toys) -> None:
    """An array with every bit set knows every state."""
    found = star(toys, Bitstate(64, 1))
    assert found.stopped.endswith("omission probability at least 1, since every bit is set")
    assert found.runs[0].counts.filled == 512


def test_end_of_a_hash_compaction(toys: Toys) -> None:
    """It says how many bits it kept of each state."""
    found = explore_lossy(toys.task("peterson"), options(HashCompact(MIB)), FREE)
    assert found.stopped == "hash compaction: 20 states, 40 bits of each; omission probability at least 0"


def test_a_full_table_is_a_limit(toys: Toys) -> None:
    """A table of hashes takes seven eighths of its slots."""
    found = explore_lossy(toys.task("grid"), options(HashCompact(5000)), FREE)
    assert (found.states, found.runs[0].limit) == (875, "a full table of 4.883 KiB")
    assert found.stopped.startswith("a full table of 4.883 KiB (hash compaction: 875 states, 40 bits of each; ")


def test_state_limit(toys: Toys) -> None:
    """No more states are visited than allowed."""
    found = explore_lossy(toys.task("grid"), options(TABLES[0]), Limits(max_states=100))
    assert (found.states, found.runs[0].limit) == (100, "state limit 100")


def test_depth_limit(toys: Toys) -> None:
    """A search that is bounded in depth says so, and a finding beyond it is not made."""
    found = explore_lossy(toys.task("grid", 0), options(TABLES[0]), Limits(depth=20))
    assert (found.depth, found.runs[0].limit, found.paths) == (20, "depth limit 20", {})


def test_depth_that_suffices_is_no_limit(toys: Toys) -> None:
    """Only a step that was not taken makes the bound a reason."""
    found = explore_lossy(toys.task("grid", 0), options(TABLES[0]), Limits(depth=36))
    assert (found.states, found.runs[0].limit) == (10_000, "")


def test_depth_0_inspects_the_initial_state(toys: Toys) -> None:
    """Items of the initial state are found with the empty path."""
    found = explore_lossy(toys.task("grid", 70), options(TABLES[0]), Limits(depth=0))
    assert (found.states, found.transitions, found.paths) == (1, 0, {70: ()})


def test_full_stack_is_a_limit(toys: Toys) -> None:
    """Where neither path nor waiting states may grow, deeper states are not visited."""
    found = explore_lossy(toys.task("chain", 0), options(TABLES[0], stack=1600), FREE)
    assert (found.depth, found.runs[0].limit, found.paths) == (100, "a full stack of 1.562 KiB", {})


def test_reason_from_outside_ends_the_search(toys: Toys) -> None:
    """What the caller says becomes the reason; it is asked, and told, at the start and when there is news."""
    seen: list[Progress] = []

    def stop() -> str:
        return "interrupted" if len(seen) > 1 else ""

    found = explore_lossy(toys.task("grid", 0), options(TABLES[0]), FREE, stop, seen.append)
    assert found.stopped.startswith("interrupted (bitstate search: ")
    assert (seen[0].states, seen[0].frontier, seen[0].depth) == (1, 1, 0)
    assert (found.states, seen[1].states) == (5, 5)


def test_time_limit(toys: Toys) -> None:
    """Without time nothing is expanded."""
    found = explore_lossy(toys.task("grid"), options(TABLES[0]), Limits(timeout=0))
    assert (found.states, found.runs[0].limit) == (1, "time limit 0 s")


def test_no_memory_for_the_table(toys: Toys) -> None:
    """A table that cannot be had is a reason, not an error."""
    found = explore_lossy(toys.task("grid"), options(Bitstate(2**55)), FREE)
    assert (found.states, found.runs[0].limit) == (0, "no memory for a table of 3.277e+04 TiB")
    assert found.stopped.startswith("no memory for a table of ")


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("size", "text"), [(64, "64 B"), (1536, "1.5 KiB"), (2**29, "512 MiB"), (2**30, "1 GiB"), (2**42, "4 TiB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    """Powers of 1024."""
    assert in_bytes(size) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bitstate(63), "size is 63, not in 64"),
        (lambda: Bitstate(64, 0), "hashes is 0, not in 1 .. 16"),
        (lambda: Bitstate(64, 17), "hashes is 17, not in 1 .. 16"),
        (lambda: HashCompact(64, 0), "bits is 0, not in 8 .. 64"),
        (lambda: HashCompact(64, 12), "bits is 12, no multiple of 8"),
    ],
)
def test_tables_that_do_not_exist(make: Callable[[], Table], message: str) -> None:
    """A table that the core cannot make is refused at once."""
    with pytest.raises(ValueError, match=message):
        make()


def test_seed_of_any_size(toys: Toys) -> None:
    """Negative and huge seeds are seeds."""
    given = options(TABLES[0])
    found = [explore_lossy(toys.task("grid"), replace(given, seed=seed), FREE) for seed in (-1, 2**64 - 1, 2**70)]
    assert found[0].runs[0].counts == found[1].runs[0].counts
    assert found[2].states == 10_000
