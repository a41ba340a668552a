"""The models against their specs: each verdict is the expected one.

All specs together take minutes (`oomcheck check` runs them one by one), so this runs one check at least of each, and
all of those that are cheap. What is left out differs in parameters or variants only.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.check import check_files, planned
from oomcheck.cli.fmt import run as run_fmt
from oomcheck.ir.expr import and_, not_
from oomcheck.lang.load import read_spec
from oomcheck.proofs import Asked, question_of, targets_of
from oomcheck.readings import Readings, key_of
from oomcheck.result.verdict import Result, Word, invariant_of, trace_of, word
from oomcheck.rows import Options
from oomcheck.smt.certificate import recheck
from oomcheck.smt.checkers import Effort, available
from oomcheck.smt.outcome import Proof
from oomcheck.smt.targets import Method
from oomcheck.ways import Ways
from tests.models.suites import ROOT, SPECS, model_of, spec_of

MODELS = ROOT / "models"

#: Of each spec the checks to run; none stands for all.
RUNS: dict[str, tuple[str, ...]] = {
    "exit_timing": (),
    "frozen_victim": ("v6_17", "v6_18", "sharer", "thread_frozen", "cgroup_frozen", "cgroup_no_oom"),
    "handover": ("v6_18", "no_bit_list"),
    "handshake": ("merged", "early", "reached"),
    "locking": ("two_threads", "with_self"),
    "mutant_late_skip": (),
    "mutant_no_task_lock": (),
    "mutant_thaw_first": (),
    "oom_early_skip": (),
    "oom_series_v5": ("uninit_two", "uninit_one", "uninit_sharer", "plain_read", "window", "no_window"),
    "oom_v6_18": ("any_time",),
    "premature_skip": ("weak_lmkd", "early", "early_lmkd", "strict_v5"),
    "progress": ("unblocked_v5", "no_reaper", "no_fairness", "group_v5", "group_early", "strict_v6_18", "shared_v6_18"),
    "reaper_queue": ("possible",),
    "reaping_time": (
        "at_once_6_17",
        "at_once_busy",
        "two_s_6_17",
        "two_s_6_18",
        "worst_6_17",
        "worst_v5",
        "worst_6_18",
        "never_meet",
    ),
    "robust_futex": (
        "mrelease",
        "alone",
        "all_told",
        "told_untimed",
        "timed_19",
        "timed_20",
        "timed_cold",
        "timed_thaw",
        "timed_v5",
        "timed_lmkd",
        "timed_soon",
    ),
    "suspend": ("v6_18_one", "unmapped"),
    "traversal": (),
    "use_after_free": ("by_lmkd",),
    "victim_count": ("marked_once", "v7", "marked_again"),
    "victim_threads": (),
}


#: Checks of specs/proofs/traversal that take seconds, with how many readings each has; the README has P1.
PROVED = {"downwards": 2, "upwards": 1}

#: Specs below proofs/ that argue by lemmas, and what these are enough for.
ARGUED = {"handshake": "merged/premature_skip", "lifetime": "merged/lifetime"}

TWO_THREADS = Ways(threads=2)


def results_of(name: str, checks: tuple[str, ...], ways: Ways = TWO_THREADS) -> tuple[Result, ...]:
    """Results of some checks of a spec."""
    options = Options(select=tuple(f"{name}/{check}/*" for check in checks), ways=ways)
    return check_files(model_of(spec_of(name)), (spec_of(name),), options).results


@pytest.mark.parametrize("name", sorted(RUNS))
def test_verdicts_are_the_expected_ones(name: str) -> None:
    """The chosen checks of a spec meet their expectations."""
    results = results_of(name, RUNS[name])
    assert results
    wrong = [f"{r.identity}: {word(r.verdict).value} {r.note}" for r in results if not r.ok]
    assert not wrong


def test_each_spec_runs_and_each_model_has_one() -> None:
    """No spec is left out above, and no model is without a spec; some models are for the lineage alone."""
    assert {path.stem for path in SPECS.glob("*.oomspec")} == set(RUNS)
    lineage = [f"lineage/{path.stem}" for path in SPECS.glob("lineage/*.oomspec")]
    assert {model_of(spec_of(name)) for name in (*RUNS, *lineage)} == {path.resolve() for path in MODELS.glob("*.oom")}


def test_the_uninitialised_result_of_v5_is_found_through_the_refrigerator() -> None:
    """The shortest way to the uninitialised read goes through the transient TASK_FROZEN."""
    (found,) = results_of("oom_series_v5", ("uninit_two",))
    trace = trace_of(found.verdict)
    assert word(found.verdict) is Word.VIOLATED
    assert trace is not None
    assert len(trace.steps) == 25
    assert found.source == "mm/oom_kill.c:should_delay_oom_reap"


def test_counts_of_the_traversal() -> None:
    """Exact counts, so that a change of the meaning of a step shows."""
    results = results_of("traversal", ("uaf_up", "uaf_three"), Ways(reductions=frozenset()))
    assert {(r.identity.rpartition("/")[2], r.states) for r in results if r.prop == "lifetime"} == {
        ("lifetime[NVMA=1]", 137),
        ("lifetime[NVMA=2]", 276),
        ("lifetime[NVMA=3]", 555),
        ("lifetime[FIX=V6_17]", 2_998),
        ("lifetime[FIX=V6_18]", 2_657),
    }


@pytest.mark.parametrize("check", sorted(PROVED))
def test_any_number_of_vmas(check: str) -> None:
    """Proved without a value of NVMA, and confirmed."""
    spec = SPECS / "proofs" / "traversal.oomspec"
    results = check_files(MODELS / "traversal.oom", (spec,), Options(select=(f"{check}/*",))).results
    assert [(word(found.verdict), found.ok) for found in results] == [(Word.PROVED, True)] * PROVED[check]
    invariants = [invariant_of(found.verdict) for found in results]
    assert {one.open for one in invariants if one is not None} == {("NVMA >= 1",)}


@pytest.mark.parametrize("name", sorted(ARGUED))
def test_a_written_invariant_is_inductive(name: str) -> None:
    """All lemmas of a spec together hold initially, are kept by each step, and exclude all bad states of any size."""
    spec, options = SPECS / "proofs" / f"{name}.oomspec", Options(select=(ARGUED[name],))
    files, _, rows = planned(model_of(spec), (spec,), options)
    (group,) = Readings(files, options).groups(rows, lambda: False)
    assert group.open == {"NVMA"}
    lemmas = tuple(and_(lemma.defined, lemma.formula) for lemma in group.lemmas.values())
    system, properties = group.system(about_runs=False), [group.typed[key_of(rows[number])] for number in group.rows]
    (target,) = targets_of(Asked(system, system, tuple(properties), (), Method.KIND))
    question = question_of(target)
    report = recheck(question, Proof((*lemmas, not_(question.bad))), available(), Effort())
    assert [(one.solver, one.obligation) for one in report.failed] == []
    assert "z3" in report.confirmed


def test_every_source_reference_names_a_file_of_the_kernel_and_a_word() -> None:
    """References have the form file:function."""
    pattern = re.compile(r'@ "([^"]*)"')
    references = [
        found
        for path in (*MODELS.glob("*.oom"), *MODELS.glob("lib/*.oom"))
        for found in pattern.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(references) > 60
    wrong = [r for r in references if not re.fullmatch(r"(mm|kernel|fs|lib|include)/[\w/.-]+\.[ch]:\w+", r)]
    assert not wrong


def test_models_and_specs_are_in_canonical_layout(capsys: pytest.CaptureFixture[str]) -> None:
    """`oomcheck fmt` has nothing to do."""
    paths = [*MODELS.glob("*.oom"), *MODELS.glob("lib/*.oom"), *SPECS.rglob("*.oomspec")]
    assert run_fmt([str(path) for path in paths], check=True) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "path", sorted([*SPECS.glob("*.oomspec"), *SPECS.glob("proofs/*.oomspec")]), ids=lambda path: path.stem
)
def test_every_check_says_what_is_expected_and_why(path: Path) -> None:
    """Each check of the models has an expectation and the argument for it."""
    tree, _ = read_spec(path)
    assert tree.checks
    assert [check.name.text for check in tree.checks if not check.expect or not check.because] == []
