"""Any number of threads from end to end: proofs, refutations, refusals, certificates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.certifying import check_certificates
from oomcheck.check import check_files
from oomcheck.result.exploration import Limits
from oomcheck.result.verdict import Invariant, Proved, Result, Unknown, Word, invariant_of, trace_of, word
from oomcheck.rows import Options

ROOT = Path(__file__).parents[1]
VICTIMS = ROOT / "models" / "victim_threads.oom", ROOT / "specs" / "victim_threads.oomspec"

MODEL = """model crowd;

param int N = 2 >= 1;
param int M = 2 >= 1;
param bool TWICE = false;
param bool WRONG = false;

struct thing { bool there = true; };
thing one;
thing *nothing = NULL;
bool seen[M];
atomic running = 0;
mutex lock;

process crowd {
	thread t[N] {
		mutex_lock(lock);
		atomic_inc(running);
		if (WRONG)
			bool found = nothing->there;
		mutex_unlock(lock);
		atomic_dec(running);
		if (TWICE)
			atomic_dec(running);
	}
}
"""
SPEC = """spec for "crowd.oom";

invariant never_negative : atomic_read(running) >= 0;
invariant at_most_n : atomic_read(running) <= N;
invariant at_most_3 : atomic_read(running) <= 3;
lemma bounded : atomic_read(running) >= 0 - 1;
deadlock_free ends;

%s
"""


def results(folder: Path, checks: str, options: Options | None = None) -> list[Result]:
    """The rows of check `c` of the model with these checks."""
    model, spec = folder / "crowd.oom", folder / "crowd.oomspec"
    model.write_text(MODEL)
    spec.write_text(SPEC % checks)
    options = replace(options or Options(limits=Limits(timeout=60)), select=("c/*",))
    return list(check_files(model, (spec,), options).results)


def unknown(result: Result) -> str:
    """Why there is no verdict."""
    assert isinstance(result.verdict, Unknown)
    return result.verdict.reason


def proof_of(result: Result) -> Invariant:
    """The proof of a row that has one."""
    assert isinstance(result.verdict, Proved)
    return result.verdict.invariant


def test_a_property_of_every_number_of_threads(tmp_path: Path) -> None:
    """The proof says for which numbers, that threads were counted, and by what; what was derived is no lemma."""
    (result,) = results(tmp_path, "check c : never_negative with M = 1 expect proved;")
    proof = proof_of(result)
    assert (proof.open, proof.method, proof.lemmas) == (("N >= 1",), "1-induction, threads counted", ())
    assert (
        'atomic_read(running) == internal("count(crowd.t at line 21: mutex_unlock(lock), lock.owner == it)")'
        ' + internal("count(crowd.t at line 22: atomic_dec(running))")'
    ) in proof.conjuncts
    assert result.ok


@pytest.mark.parametrize(("prop", "fixed", "threads"), [("never_negative", ", TWICE = true", 1), ("at_most_3", "", 4)])
def test_a_violation_is_found_by_search_where_it_needs_the_fewest_threads(
    tmp_path: Path, prop: str, fixed: str, threads: int
) -> None:
    """Of one thread that is looked for at first; four threads are what the path of the counted system has."""
    (result,) = results(tmp_path, f"check c : {prop} with M = 1{fixed};", Options(prove=True))
    trace = trace_of(result.verdict)
    assert word(result.verdict) is Word.VIOLATED
    assert trace is not None
    assert dict(trace.params)["N"] == str(threads)
    assert result.engine == "explicit"


@pytest.mark.parametrize(
    ("checks", "reason"),
    [
        (
            "check c : at_most_n with M = 1 expect proved;",
            "threads cannot be counted: `N` is to be the number of threads `crowd.t` alone, but it occurs at {}:4",
        ),
        (
            "check c : never_negative expect proved;",
            "threads cannot be counted: `N` is a number of threads: it cannot stay open together with `M`",
        ),
        (
            "check c : ends with M = 1 expect proved;",
            "threads cannot be counted: `ends` is not about single states",
        ),
    ],
)
def test_refusals_are_told(tmp_path: Path, checks: str, reason: str) -> None:
    """What cannot be counted is unknown, with the reason."""
    (result,) = results(tmp_path, checks)
    assert unknown(result) == reason.format(tmp_path / "crowd.oomspec")


def test_a_parameter_that_occurs_elsewhere_is_refused(tmp_path: Path) -> None:
    """The model could be the same with 3 and 4 threads and another one with 100."""
    model, spec = tmp_path / "crowd.oom", tmp_path / "crowd.oomspec"
    model.write_text(MODEL.replace("if (TWICE)", "if (TWICE || N > 50)"))
    spec.write_text(SPEC % "check c : never_negative with M = 1 expect proved;")
    (result,) = check_files(model, (spec,), Options(select=("c/*",))).results
    assert unknown(result).endswith(f"but it occurs at {model}:23")


def test_no_verdict_where_behaviour_can_end_at_a_fault(tmp_path: Path) -> None:
    """A read through NULL ends it, and with it what is known of the property."""
    (result,) = results(tmp_path, "check c : never_negative with M = 1, WRONG = true expect proved;")
    assert "no meaning beyond" in unknown(result)


def test_a_value_for_the_number_is_searched_as_ever(tmp_path: Path) -> None:
    """Nothing is counted where the number has a value."""
    found = results(tmp_path, "check c : never_negative, at_most_n with N in 1 .. 3 expect holds;")
    assert [word(result.verdict) for result in found] == [Word.HOLDS] * 6


def test_p7_for_any_number_of_victims() -> None:
    """oom_victims is never negative in 6.18, as searches with up to three threads say; v8 needs two threads."""
    limits = Limits(timeout=120)
    options = Options({"FIX": "V6_18"}, ("any_number/*",), prove=True, limits=limits)
    (proved,) = check_files(VICTIMS[0], VICTIMS[1:], options).results
    options = Options({"FIX": "V8"}, ("any_lost/*",), prove=True, limits=limits)
    (lost,) = check_files(VICTIMS[0], VICTIMS[1:], options).results
    assert proof_of(proved).open == ("NVICTIM >= 1",)
    assert trace_of(lost.verdict) is not None
    assert dict(trace_of(lost.verdict).params)["NVICTIM"] == "2"  # type: ignore[union-attr]
    searched = check_files(VICTIMS[0], VICTIMS[1:], Options({"FIX": "V6_18"}, ("marked_once/not_negative",))).results
    assert [word(result.verdict) for result in searched] == [Word.HOLDS] * 3


def test_certificates_are_about_the_counted_system(tmp_path: Path) -> None:
    """They are checked against the model, which is counted anew; one with another conjunct is refused."""
    folder = tmp_path / "certificates"
    options = Options(limits=Limits(timeout=60), certificates=folder)
    (result,) = results(tmp_path, "check c : never_negative with M = 1 expect proved;", options)
    proof = invariant_of(result.verdict)
    assert proof is not None
    model, spec = tmp_path / "crowd.oom", tmp_path / "crowd.oomspec"
    (checked,) = check_certificates(folder, model, (spec,), Options(), ("z3",))
    assert (checked.report.confirmed, checked.report.problems, checked.report.bound) == (("z3",), (), True)
    path = Path(proof.folder) / "certificate.json"
    data = json.loads(path.read_text())
    data["model"]["params"]["TWICE"] = "true"
    path.write_text(json.dumps(data))
    (other,) = check_certificates(folder, model, (spec,), Options(), ("z3",))
    assert other.report.confirmed == ()
    data["model"]["params"]["TWICE"] = "false"
    path.write_text(json.dumps(data))
    model.write_text(MODEL.replace("if (TWICE)", "if (true)"))
    (changed,) = check_certificates(folder, model, (spec,), Options(), ("z3",))
    assert changed.report.confirmed == ()
