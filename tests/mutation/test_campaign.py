"""Campaigns: each mutant of a toy has the fate that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.mutation.campaign import Campaign, MutationOptions, run_campaign
from oomcheck.mutation.judge import (
    Bench,
    Equivalent,
    Invalid,
    Killed,
    Survived,
    Undecided,
    judge,
    open_target,
    readings_of,
)
from oomcheck.mutation.mutants import Edit, Mutant, Operator
from oomcheck.report.mutation import campaign_exit_code, word_of
from oomcheck.result.exploration import Limits
from oomcheck.rows import Options
from oomcheck.ways import Ways
from tests.cli.samples import put

COUNTER = """model counter;
param int NIDLE = 0 in 0 .. 1;
mutex lock;
marked int 0..3 x;
marked bool one;
marked bool two;
thread adds[2] {
	int v = 0;
	mutex_lock(lock);
	v = x;
	x = v + 1;
	mutex_unlock(lock);
}
thread tells {
	one = true;
	two = true;
}
thread idle[NIDLE] {
	await x == 2;
	x = 3;
}
thread counts {
	int i = 0;
	while (i < 3 and x == 0)
		i++;
}
"""

SPEC = """spec for "counter.oom";
invariant sum : (forall t in adds : dead(t)) -> x == 2;
check adding : sum expect holds because "the lock keeps the sum whole";
"""

TOLD = "counter.oom: swap `one = true;` and `two = true;` in tells"


def campaign(
    folder: Path, spec: str = SPEC, select: tuple[str, ...] = (), limits: Limits | None = None, quick: bool = False
) -> Campaign:
    """The campaign of the counter with a spec."""
    put(folder, "counter.oom", COUNTER)
    path = put(folder, "counter.oomspec", spec)
    checks = Options(limits=limits or Limits(1_000_000), ways=Ways(1), quick=quick)
    return run_campaign(str(folder), [("counter", path)], MutationOptions(checks, select, jobs=2))


def test_fates(tmp_path: Path) -> None:
    """What breaks the sum is killed by it; an order that no property sees survives; absent threads do not count."""
    found = campaign(tmp_path)
    fates = {one.mutant.name: one.fate for one in found.judged}
    killed = Killed("counter/adding/sum", "VIOLATED")
    assert fates["drop lock `lock` in adds"] == killed
    assert fates["swap `mutex_lock(lock);` and `v = x;` in adds"] == killed
    assert fates["swap `x = v + 1;` and `mutex_unlock(lock);` in adds"] == killed
    assert fates["swap `one = true;` and `two = true;` in tells"] == Survived(("counter",))
    assert fates["swap `await x == 2;` and `x = 3;` in idle"] == Equivalent()
    assert fates["weaken `x == 2` to true in idle"] == Equivalent()
    assert fates["weaken `i < 3` to <= in counts"] == Survived(("counter",))
    assert isinstance(fates["weaken `i < 3` to true in counts"], Undecided)
    assert found.weak == ()
    assert campaign_exit_code(found) == 1


def test_any_number_of_threads(tmp_path: Path) -> None:
    """A proof for any number of threads is compared by what it means as well: what nobody executes has no effect."""
    model = """model crowd;
param int N = 2 >= 1;
param int KIND = 0 in 0 .. 1;
marked bool x;
marked bool y;
thread t[N] {
	x = true;
	if (KIND == 1)
		x = false;
	if (KIND == 1)
		y = true;
	y = x;
}
"""
    put(tmp_path, "crowd.oom", model)
    spec = 'spec for "crowd.oom";\ninvariant order : y -> x;\ncheck any : order with KIND = 0 expect proved;\n'
    path = put(tmp_path, "crowd.oomspec", spec)
    found = run_campaign(str(tmp_path), [("crowd", path)], MutationOptions(Options(ways=Ways(1)), (), jobs=2))
    fates = {one.mutant.name: one.fate for one in found.judged}
    assert fates["swap `x = true;` and `if (KIND == 1) x = false;` in t"] == Equivalent()
    assert fates["swap `if (KIND == 1) x = false;` and `if (KIND == 1) y = true;` in t"] == Equivalent()
    assert isinstance(fates["swap `if (KIND == 1) y = true;` and `y = x;` in t"], Equivalent)
    assert found.weak == ()


def test_names(tmp_path: Path) -> None:
    """Mutants come in the order of lines, and globs choose by name and by line."""
    lines = [one.mutant.line for one in campaign(tmp_path).judged]
    assert lines == sorted(lines)
    assert [one.name for one in campaign(tmp_path, select=("* in tells",)).judged] == [TOLD]
    assert [one.name for one in campaign(tmp_path, select=("counter.oom:15",)).judged] == [TOLD]
    with pytest.raises(OomcheckError) as caught:
        campaign(tmp_path, select=("nothing",))
    assert caught.value.diagnostics[0].code == "E0006"


def test_explained(tmp_path: Path) -> None:
    """A survivor that a spec explains counts as such."""
    found = campaign(tmp_path, SPEC + f'equivalent "{TOLD}" because "nobody reads both";\n')
    (told,) = [one for one in found.judged if one.name == TOLD]
    assert (word_of(told), told.because) == ("explained", "nobody reads both")
    assert found.complaints == ()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("counter.oom: swap `a` and `b` in tells", "is no mutant"),
        ("counter.oom: drop lock `lock` in adds", "is said to change nothing, but counter/adding/sum is VIOLATED"),
        ("counter.oom: weaken `x == 2` to true in idle", "needs no explanation: no step of a checked model changes"),
    ],
)
def test_wrong_explanations(tmp_path: Path, name: str, complaint: str) -> None:
    """An explanation is as strict as an expectation."""
    found = campaign(tmp_path, SPEC + f'equivalent "{name}" because "so it seems";\n')
    assert found.complaints == (f"{tmp_path}/counter.oomspec:4: `{name}` {complaint}",)
    assert campaign_exit_code(found) == 1


def test_a_quick_campaign_does_not_see_all_effects(tmp_path: Path) -> None:
    """What changes no step there may change one in full form, so its explanation stands."""
    needless = 'equivalent "counter.oom: weaken `x == 2` to true in idle" because "so it seems";\n'
    assert campaign(tmp_path, SPEC + needless, quick=True).complaints == ()


def test_weak_checks(tmp_path: Path) -> None:
    """A row that fails without any mutant kills none, and is told."""
    spec = SPEC.replace("x == 2;", "x == 1;")
    found = campaign(tmp_path, spec, select=("* in adds",))
    assert found.weak == ("counter/adding/sum",)
    assert not any(isinstance(one.fate, Killed) and one.fate.identity == found.weak[0] for one in found.judged)
    assert campaign_exit_code(found) == 1


def test_invalid(tmp_path: Path) -> None:
    """A mutant that the front end refuses is no model, which is neither good nor bad."""
    model = put(tmp_path, "counter.oom", COUNTER)
    options = Options(ways=Ways(1))
    target = open_target("counter", put(tmp_path, "counter.oomspec", SPEC), options)
    readings, _ = readings_of(0, target, options)
    at = COUNTER.index("v = x")
    for text, reason in (("v = ", "expected a value"), ("v = nobody", "`nobody`")):
        wrong = Mutant(str(model), "wrong", Operator.SWAP, "adds", 11, (Edit(at, at + 5, text),))
        fate = judge(wrong, Bench([target], options), readings, lambda: "")
        assert isinstance(fate, Invalid)
        assert reason in fate.reason


def test_stopped(tmp_path: Path) -> None:
    """Who stops gets what is known, marked partial."""
    put(tmp_path, "counter.oom", COUNTER)
    path = put(tmp_path, "counter.oomspec", SPEC)
    asked = iter(range(10**6))
    checks = Options(ways=Ways(1), should_stop=lambda: "interrupted" if next(asked) > 3 else "")
    found = run_campaign("m", [("counter", path)], MutationOptions(checks, jobs=1))
    assert found.partial == "interrupted"
    assert campaign_exit_code(found) == 130
