"""`oomcheck sim`: exit codes, what it prints and never prints, seeds, and its JSON schema."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

import oomcheck
from oomcheck.cli.main import main
from tests.cli.samples import CLASH, STEPS, STEPS_SPEC, put

RESULT = Path(oomcheck.__file__).parent / "result"

LOST_UPDATE = """model lost source "linux v6.17";
marked int 0..2 x;
thread t[2]                           @ "mm/oom_kill.c:add" {
	int 0..1 seen = 0;
	seen = x;
	x = seen + 1;
}
"""
LOST_SPEC = """spec for "lost.oom";
invariant kept "no increment is lost" : (forall v in t : dead(v)) -> x == 2;
cover both : x == 2;
cover never_met : x == 0 and (forall v in t : dead(v));
ltl live : F x > 0;
"""


def schema(name: str) -> dict[str, Any]:
    """A schema that is shipped with the package."""
    value: dict[str, Any] = json.loads((RESULT / name).read_text(encoding="utf-8"))
    return value


def simulated(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `sim --format json`; the report fits its schema and tells the exit code."""
    capsys.readouterr()
    code = main(["sim", *arguments, "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    registry = Registry().with_resource("urn:oomcheck:trace:1", Resource.from_contents(schema("trace.schema.json")))
    jsonschema.Draft202012Validator(schema("sim.schema.json"), registry=registry).validate(value)
    assert value["exit_code"] == code
    return code, value


def lost(folder: Path) -> list[str]:
    """A model that loses an update now and then, and its spec."""
    return [str(put(folder, "lost.oom", LOST_UPDATE)), str(put(folder, "lost.oomspec", LOST_SPEC))]


def text_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and text of `sim`."""
    capsys.readouterr()
    code = main(["sim", *arguments])
    return code, capsys.readouterr().out


def test_nothing_found_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and the text says that this proves nothing; no word of a positive verdict appears."""
    model = str(put(tmp_path, "steps.oom", STEPS))
    code, text = text_of([model, "-v"], capsys)
    assert code == 0
    assert "nothing found in 1000 runs; this proves nothing" in text
    assert "seed 1" in text
    assert not any(word in text for word in ("HOLDS", "PROVED", "UNREACHABLE", "exhaustive"))


def test_violation_is_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; how often, an example as a trace, and covers met or not."""
    code, value = simulated([*lost(tmp_path), "--runs", "400"], capsys)
    assert code == 1
    found = {row["property"]: row for row in value["properties"]}
    # nothing is lost only if the second step is of the same thread as the first, every other time
    assert abs(found["kept"]["seen"]["runs"] - 200) < 4 * 10
    assert found["both"]["seen"]["runs"] + found["kept"]["seen"]["runs"] == 400
    assert len(found["kept"]["trace"]["steps"]) == 4
    assert found["kept"]["trace"]["verdict"] == "violated"
    assert found["never_met"]["seen"] is None
    assert value["unasked"] == ["live"]
    code, text = text_of([*lost(tmp_path), "--runs", "400"], capsys)
    assert code == 1
    assert "VIOLATED in" in text
    assert "never_met  met in no run" in text
    assert "no increment is lost" in text


def test_the_command_to_repeat_a_run_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that is printed, run as it stands, gives the same example."""
    _, text = text_of([*lost(tmp_path), "--runs", "50", "--seed", "4"], capsys)
    command = next(line.partition(": ")[2] for line in text.splitlines() if line.strip().startswith("for example run"))
    words = shlex.split(command)
    assert words[:2] == ["oomcheck", "sim"]
    code, again = text_of(words[2:], capsys)
    assert code == 1
    assert "violated in 1 of 1 runs" in again.lower()
    assert again.partition("lost/sim/kept")[2] == text.partition("lost/sim/kept")[2]


def test_same_seed_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report depends on the arguments alone; another seed makes other runs."""
    first = text_of([*lost(tmp_path), "--runs", "60"], capsys)
    assert text_of([*lost(tmp_path), "--runs", "60"], capsys) == first
    assert text_of([*lost(tmp_path), "--runs", "60", "--seed", "2"], capsys) != first


def test_sanitizers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Race, deadlock and lock order are found without a spec, and each can be turned off."""
    model = str(put(tmp_path, "clash.oom", CLASH))
    _, value = simulated([model], capsys)
    assert {row["property"] for row in value["properties"] if row["seen"]} == {"race", "deadlock", "lockdep"}
    code, value = simulated([model, "--no-race", "--no-deadlock", "--no-lockdep"], capsys)
    assert code == 0
    assert not {"race", "deadlock", "lockdep"} & {row["property"] for row in value["properties"]}


def test_selection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Globs choose properties; one that chooses nothing is an error."""
    _, value = simulated([*lost(tmp_path), "-p", "b*"], capsys)
    assert [row["property"] for row in value["properties"]] == ["both"]
    assert main(["sim", *lost(tmp_path), "-p", "nothing"]) == 2
    assert "E0006" in capsys.readouterr().err


def test_traces_are_written_and_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An example goes to a file that `replay` accepts."""
    model = str(put(tmp_path, "clash.oom", CLASH))
    assert main(["sim", model, "-o", str(tmp_path / "out")]) == 1
    for name in ("race", "deadlock", "lockdep"):
        assert main(["replay", str(tmp_path / "out" / "clash" / "sim" / f"{name}.json")]) == 0
    capsys.readouterr()


def test_parameters_and_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parameters are set as for check; statements that no run reached are listed; cut runs are counted."""
    model = str(put(tmp_path, "steps.oom", STEPS))
    _, value = simulated([model, "-c", "LAST=5", "--runs", "3"], capsys)
    assert (value["params"], value["steps"], value["cut"], value["unseen"]) == ({"LAST": "5"}, 18, 0, [])
    _, value = simulated([model, "--runs", "3", "--steps", "2"], capsys)
    assert (value["steps"], value["cut"]) == (6, 3)
    assert [place.partition("steps.oom:")[2] for place in value["unseen"]] == ['7: x = 0 @ "kernel/exit.c:exit_mm";']


def test_runs_without_an_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each run is cut there are fewer runs, unless their number is given, and the report tells it."""
    monkeypatch.setattr("oomcheck.cli.sim.ENOUGH", 1000)
    model = str(put(tmp_path, "spin.oom", "model spin;\nmarked bool x;\nthread t { loop { x = !x; } }\n"))
    code, text = text_of([model, "--steps", "100"], capsys)
    assert (code, text.splitlines()[1:3]) == (
        0,
        [
            "10 random runs, seed 1: 1000 steps, 10 cut at 100 steps",
            "no further runs, as these have 1000 steps or more together; --runs 1000 makes them all",
        ],
    )
    code, text = text_of([model, "--steps", "100", "--runs", "11"], capsys)
    assert (code, text.splitlines()[1]) == (0, "11 random runs, seed 1: 1100 steps, 11 cut at 100 steps")
    assert "no further runs" not in text


def test_two_specs_with_the_same_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that two specs share come with the spec's own."""
    arguments = [str(put(tmp_path, "steps.oom", STEPS))]
    arguments += [str(put(tmp_path, f"{name}.oomspec", STEPS_SPEC)) for name in ("one", "two")]
    _, value = simulated([*arguments, "--runs", "2", "-p", "*small*"], capsys)
    assert [row["property"] for row in value["properties"]] == ["one/small", "one/smaller", "two/small", "two/smaller"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "0"], "--runs is at least 1, found 0"),
        (["--steps", "-3"], "--steps is at least 1, found -3"),
        (["--run", "0"], "--run is at least 1, found 0"),
        (["--runs", "many"], "argument --runs: invalid int value: 'many'"),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["--width", "3"], "--width is at least"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["-c", "NOPE=1"], "no parameter `NOPE`"),
        (["--no-such"], "unrecognized arguments: --no-such"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit 2 and a message."""
    assert main(["sim", str(put(tmp_path, "steps.oom", STEPS)), *arguments]) == 2
    assert message in capsys.readouterr().err


# ---------------------------------------------------------------- in time

ALARM = """model alarm;
const HZ = 1000;
spinlock l;
marked bool rung;
timer bell = ring;
softirq ring()
{
	rung = true;
}
thread sleeper slack 2 {
	mod_timer(bell, jiffies + 40);
	await rung;
	spin_lock(l) cost contention;
	delay(3 .. 5);
	spin_unlock(l);
}
thread busy {
	delay(38 .. 44);
	spin_lock(l) cost contention;
	delay(2);
	spin_unlock(l);
}
"""
ALARM_SPEC = """spec for "alarm.oom";
within awake "the sleeper gets up in time" : rung ~> dead(sleeper) within 6;
bound whole : sup time(!rung ~> dead(sleeper));
bound once : max contention <= 1;
bound never : max contention <= 0;
never both : dead(sleeper) and dead(busy);
ltl live : F rung;
"""


def alarm(folder: Path) -> list[str]:
    """A model with time and its spec."""
    model, spec = put(folder, "alarm.oom", ALARM), put(folder, "alarm.oomspec", ALARM_SPEC)
    return [str(model), str(spec), "--timed"]


def test_timed_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measures of threads, responses and costs; bounds that runs exceed; a trace with its ticks."""
    code, value = simulated([*alarm(tmp_path), "--runs", "300"], capsys)
    assert code == 1
    assert (value["timed"], value["hz"], value["never_late"]) == (True, 1000, ["busy"])
    assert value["unasked"] == ["live"]
    names = [measure["name"] for measure in value["measures"]]
    assert names == [
        *("life(sleeper)", "busy(sleeper)", "spin(sleeper)", "running(sleeper)", "late(sleeper)"),
        *("life(busy)", "busy(busy)", "spin(busy)", "running(busy)"),
        *("awake", "whole", "cost(contention)"),
    ]
    found = {measure["name"]: measure for measure in value["measures"]}
    assert all(measure["count"] == 300 for measure in value["measures"])
    assert (found["busy(sleeper)"]["min"], found["busy(sleeper)"]["max"]) == (3, 5)
    assert found["whole"]["min"] >= 43
    for thread in ("sleeper", "busy"):
        parts = [found[f"{name}({thread})"]["mean"] for name in ("busy", "spin", "running")]
        assert parts[0] + parts[1] == pytest.approx(parts[2])
    assert found["awake"]["ci95"][0] < found["awake"]["mean"] < found["awake"]["ci95"][1]
    seen = {row["property"]: row["seen"] and row["seen"]["runs"] for row in value["properties"]}
    assert seen["both"] == 300
    assert seen["once"] is None
    assert seen["never"] == round(found["cost(contention)"]["mean"] * 300)
    assert 0 < seen["awake"] < 300
    traces = {row["property"]: row["trace"] for row in value["properties"]}
    assert sum(step.get("ticks", 0) for step in traces["both"]["steps"]) >= 43
    assert traces["awake"] is None


def test_timed_traces_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An example in time goes to a file that `replay` accepts, ticks and lateness included."""
    model = put(tmp_path, "alarm.oom", ALARM.replace("thread busy", "thread busy slack 1"))
    put(tmp_path, "alarm.oomspec", ALARM_SPEC)
    model.write_text(model.read_text().replace("rung = true;", "rung = true;\n\tassert false;"))
    assert main(["sim", str(model), "--timed", "--slack", "1", "--runs", "20", "-o", str(tmp_path / "out")]) == 1
    assert main(["replay", str(tmp_path / "out" / "alarm" / "sim" / "assert.json")]) == 0
    assert "and the end is as claimed" in capsys.readouterr().out


def test_timed_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table in milliseconds, and the threads that were never late."""
    code, text = text_of([*alarm(tmp_path), "--runs", "50", "-p", "once"], capsys)
    assert code == 0
    assert "50 timed runs, seed 1" in text
    assert "without a finite slack, so never late in these runs: busy" in text
    row = next(line for line in text.splitlines() if line.startswith("busy(busy)"))
    low, high = row.split()[4], row.split()[8]
    assert 0.040 <= float(low) / 1000 <= float(high) / 1000 <= 0.046
    assert row.endswith("ms")
    _, text = text_of([*alarm(tmp_path), "--runs", "50", "-p", "once", "--slack", "3"], capsys)
    assert "never late" not in text
    assert "late(busy)" in text


def test_measures_are_chosen_and_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Globs choose measures; `P ~> Q` is one of its own."""
    arguments = [*alarm(tmp_path)[:1], "--timed", "--runs", "20"]
    _, value = simulated([*arguments, "--measure", "spin(*)", "--measure", "rung  ~> dead(busy)"], capsys)
    assert [m["name"] for m in value["measures"]] == ["spin(sleeper)", "spin(busy)", "rung ~> dead(busy)"]
    assert value["command"][-2:] == ["--seed", "1"]
    assert "rung  ~> dead(busy)" in value["command"]


def test_timed_runs_repeat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes for the same seed; the values of one run alone are those that it has among others."""
    first = text_of([*alarm(tmp_path), "--runs", "30"], capsys)
    assert text_of([*alarm(tmp_path), "--runs", "30"], capsys) == first
    _, all_runs = simulated([*alarm(tmp_path), "--runs", "3", "--measure", "whole"], capsys)
    alone = [simulated([*alarm(tmp_path), "--run", str(n), "--measure", "whole"], capsys)[1] for n in (1, 2, 3)]
    assert sum(value["measures"][0]["mean"] for value in alone) / 3 == pytest.approx(all_runs["measures"][0]["mean"])
    assert alone[0]["measures"][0]["ci95"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--slack", "1"], "--slack is about time: add --timed"),
        (["--measure", "life(t)"], "--measure is about time: add --timed"),
        (["--timed", "--slack", "-1"], "--slack is at least 0, found -1"),
        (["--timed", "--measure", "nothing*"], "`--measure nothing*` matches nothing"),
        (["--timed", "--measure", "x ~> "], "--measure:1:"),
        (["--timed", "--measure", "x == 0 ~> y"], "--measure:1:"),
        (["--timed", "--measure", "x == 0 ~> x == 1); bound z : sup time(x == 0 ~> x == 1"], "not of the form P ~> Q"),
    ],
)
def test_wrong_timed_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit 2 and a message that points at the measure."""
    assert main(["sim", str(put(tmp_path, "steps.oom", STEPS)), "--runs", "1", *arguments]) == 2
    assert message in capsys.readouterr().err
