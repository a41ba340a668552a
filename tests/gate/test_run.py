"""Running a gate: order, selection, what is wrong with some specs and not with others, stopping."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.gate import fresh
from oomcheck.gate.options import GateOptions, Standing
from oomcheck.gate.outcome import Outcome
from oomcheck.gate.suite import SuiteSpec
from oomcheck.gate.worker import outcome_of
from oomcheck.result.exploration import Limits
from oomcheck.result.gated import gate_exit_code
from oomcheck.result.verdict import Unknown
from tests.cli.samples import ENDLESS
from tests.gate.trees import SPEC, lay, only, options, put, run, verdicts

ALL = {
    "m/bound/three[LAST=1]": "holds",
    "m/bound/three[LAST=2]": "holds",
    "m/grows/three[LAST=3]": "violated",
    "m/grows/three[LAST=4]": "violated",
    "m/grows/three[LAST=5]": "violated",
    "other/c/low": "holds",
}


@pytest.mark.parametrize("jobs", [1, 3])
def test_all_specs_in_order(tmp_path: Path, jobs: int) -> None:
    """Each spec is checked against the model that it names; in the order of the paths, however many run at once."""
    lay(tmp_path)
    gate = run(tmp_path, replace(options(tmp_path), jobs=jobs))
    assert verdicts(gate) == ALL
    assert list(verdicts(gate)) == list(ALL)
    assert [entry.model for entry in gate.entries] == [str(tmp_path / "models/m.oom")] * 2
    assert gate_exit_code(gate) == 0


def test_a_broken_spec_hides_no_other(tmp_path: Path) -> None:
    """Errors of a spec, of a model and of an import are told beside the verdicts of the others; the exit code is 2."""
    lay(tmp_path)
    put(tmp_path, "specs/bad.oomspec", 'spec for "../models/m.oom";\nnever n : ;\n')
    put(tmp_path, "specs/gone.oomspec", 'spec for "../models/gone.oom";\nnever n : x == 1;\n')
    put(tmp_path, "specs/rooted.oomspec", f'spec for "{tmp_path}/models/m.oom";\nnever n : x == 1;\n')
    gate = run(tmp_path)
    assert verdicts(gate) == ALL
    codes = {Path(entry.spec).stem: [one.code for one in entry.diagnostics] for entry in gate.entries}
    assert codes == {"bad": ["E0101"], "gone": ["E0001"], "rooted": ["E0401"], "m": [], "other": []}
    assert only(gate, "gone").model == str(tmp_path / "models/gone.oom")
    assert gate_exit_code(gate) == 2


def test_an_unexpected_verdict_is_1(tmp_path: Path) -> None:
    """Expectations are strict: what holds is wrong where a violation is expected."""
    lay(tmp_path)
    put(tmp_path, "specs/m.oomspec", SPEC + "check wrong : small expect violated;\n")
    assert gate_exit_code(run(tmp_path)) == 1


def dies(how: Callable[[], object]) -> Callable[..., Outcome]:
    """A check that ends its process at spec `m`."""
    real = outcome_of

    def check(spec: SuiteSpec, gate: GateOptions, threads: int, heard: Callable[[str], None]) -> Outcome:
        if spec.name == "m":
            how()
        return real(spec, gate, threads, heard)

    return check


def fail() -> None:
    """A defect of the tool."""
    raise KeyError("x")


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "the process that checked it was ended by SIGSEGV"),
        (lambda: os._exit(3), "the process that checked it ended with status 3"),
        (fail, "internal error: KeyError: 'x' at test_run.py:"),
    ],
)
def test_a_process_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Callable[[], object], failure: str
) -> None:
    """A crash is an internal error of its spec; the others have their verdicts."""
    lay(tmp_path)
    monkeypatch.setattr(fresh, "outcome_of", dies(how))
    gate = run(tmp_path)
    assert only(gate).failure.startswith(failure)
    assert verdicts(gate) == {"other/c/low": "holds"}
    assert gate_exit_code(gate) == 4


def test_selection_is_over_the_whole_suite(tmp_path: Path) -> None:
    """A glob may fit one spec only; specs without any selected property are not there."""
    lay(tmp_path)
    gate = run(tmp_path, replace(options(tmp_path), select=("m/bound/*",), exclude=("*LAST=1?",)))
    assert verdicts(gate) == {"m/bound/three[LAST=2]": "holds"}
    assert len(gate.entries) == 1


@pytest.mark.parametrize(
    ("select", "exclude", "message"),
    [
        (("nothing",), (), "`-p nothing` matches nothing"),
        (("m/bound/*", "nothing"), (), "`-p nothing` matches nothing"),
        ((), ("nothing",), "`--exclude nothing` matches nothing"),
        (("low",), ("other/*",), "no property is selected"),
    ],
)
def test_a_glob_that_fits_nothing(
    tmp_path: Path, select: tuple[str, ...], exclude: tuple[str, ...], message: str
) -> None:
    """Each glob must fit something somewhere, and something must be left."""
    lay(tmp_path)
    for _ in range(2):  # from the cache as well
        with pytest.raises(OomcheckError, match=message.replace("*", r"\*")):
            run(tmp_path, replace(options(tmp_path), select=select, exclude=exclude))


def test_a_budget_is_unknown(tmp_path: Path) -> None:
    """What exceeds the number of states is undecided, exit code 3."""
    lay(tmp_path)
    gate = run(tmp_path, replace(options(tmp_path), limits=Limits(3), select=("other/c/low",)))
    report = only(gate, "other").report
    assert report is not None
    assert report.results[0].verdict == Unknown("state limit 3: 3 states, depth 2")
    assert gate_exit_code(gate) == 3


def endless(folder: Path) -> None:
    """A tree with a spec that takes for ever, and one that does not."""
    put(folder, "models/m.oom", ENDLESS)
    put(folder, "models/n.oom", "model n;\nmarked int 0..3 x;\nthread t { x = 1; }\n")
    put(folder, "specs/a.oomspec", 'spec for "../models/n.oom";\nnever n : x == 2;\ncheck c : n expect holds;\n')
    put(folder, "specs/b.oomspec", 'spec for "../models/m.oom";\nnever n : x[0] == 9999;\n')


def test_stopping(tmp_path: Path) -> None:
    """Whoever is told to stop says what is known, and the whole is partial; nothing keeps running."""
    endless(tmp_path)
    shown: list[Standing] = []

    def should_stop() -> str:
        return "interrupted" if shown and shown[-1].done == 1 else ""

    how = replace(options(tmp_path), limits=Limits(), should_stop=should_stop, progress=shown.append)
    gate = run(tmp_path, how)
    assert verdicts(gate) == {"a/c/n": "holds"}
    assert gate.partial == "interrupted"
    assert gate_exit_code(gate) == 130
    again = run(tmp_path, replace(how, should_stop=lambda: "interrupted"))
    assert [(Path(entry.spec).stem, entry.cached) for entry in again.entries] == [("a", True)]


def test_a_hanging_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not end long after its time is ended."""
    endless(tmp_path)
    monkeypatch.setattr(fresh, "LATE_SECONDS", 0.2)
    monkeypatch.setattr(fresh, "outcome_of", lambda *rest: signal.pause())
    gate = run(tmp_path, replace(options(tmp_path), limits=Limits(timeout=0.1)))
    assert [entry.failure for entry in gate.entries] == ["did not come to its end within 0 s"] * 2


def test_progress(tmp_path: Path) -> None:
    """Somebody who watches hears of each spec that begins and ends; the last word is that all are done."""
    lay(tmp_path)
    shown: list[Standing] = []
    run(tmp_path, replace(options(tmp_path), jobs=1, progress=shown.append))
    assert [(now.done, len(now.running)) for now in shown] == [(0, 1), (1, 0), (1, 1), (2, 0)]
    assert {now.total for now in shown} == {2}


def test_quick_keeps_identities(tmp_path: Path) -> None:
    """A quick run takes the values of the clause, else the first of each range, under the names of the whole run."""
    lay(tmp_path)
    put(tmp_path, "specs/slow.oomspec", 'spec for "../models/m.oom";\nnever n : x == 9;\ncheck c : n quick skip;\n')
    gate = run(tmp_path, replace(options(tmp_path), quick=True))
    assert verdicts(gate) == {
        "m/bound/three[LAST=1]": "holds",
        "m/grows/three[LAST=4]": "violated",
        "other/c/low": "holds",
    }
    assert (only(gate, "slow").skipped, only(gate, "slow").report) == (("c",), None)
    assert gate.quick
    assert gate_exit_code(gate) == 0


def test_a_quick_run_of_nothing_is_not_green(tmp_path: Path) -> None:
    """Where all checks are left out, nothing was selected."""
    put(tmp_path, "models/m.oom", "model m;\nmarked int 0..3 x;\nthread t { x = 1; }\n")
    put(tmp_path, "specs/m.oomspec", 'spec for "../models/m.oom";\nnever n : x == 2;\ncheck c : n quick skip;\n')
    with pytest.raises(OomcheckError, match="no property is selected"):
        run(tmp_path, replace(options(tmp_path), quick=True))


def test_jobs_default() -> None:
    """Without a number of jobs there is one on each core."""
    assert GateOptions().workers == len(os.sched_getaffinity(0))
    assert GateOptions(jobs=7).workers == 7
