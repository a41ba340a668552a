"""What each flag of `check` does, and where settings come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from oomcheck.result.naming import safe_name
from tests.cli.samples import CLASH, STEPS, put, report, steps, verdicts

COUNTER = """model counter;
param int N = 1 in 1 .. 4;
param enum MODE { PLAIN, LOCKED } = PLAIN;
param bool ON = true;
marked int 0..4 x;
thread t[N] {
	if (MODE == LOCKED)
		atomic { x++; }
	else if (ON)
		x++;
}
"""
COUNTER_SPEC = """spec for "counter.oom";
invariant sum : (forall v in t : dead(v)) -> x == N;
check two  : sum with N = 2 expect holds;
check many : sum with N in 1 .. 3, MODE in { PLAIN, LOCKED };
"""


def counter(folder: Path) -> list[str]:
    """Model `counter` with its spec, as arguments of `check`."""
    put(folder, "counter.oom", COUNTER)
    put(folder, "counter.oomspec", COUNTER_SPEC)
    return ["check", str(folder / "counter.oom"), str(folder / "counter.oomspec")]


def test_instances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ranges make one row for each value, enum values by name; each instance has its own parameters."""
    code, value = report(counter(tmp_path), capsys)
    assert code == 1
    assert verdicts(value) == {
        "counter/two/sum": "violated",
        "counter/many/sum[N=1,MODE=PLAIN]": "holds",
        "counter/many/sum[N=1,MODE=LOCKED]": "holds",
        "counter/many/sum[N=2,MODE=PLAIN]": "violated",
        "counter/many/sum[N=2,MODE=LOCKED]": "holds",
        "counter/many/sum[N=3,MODE=PLAIN]": "violated",
        "counter/many/sum[N=3,MODE=LOCKED]": "holds",
    }
    last = value["results"][-1]
    assert last["params"] == {"N": "3", "MODE": "LOCKED", "ON": "true"}
    assert value["params"] == {"N": "1", "MODE": "PLAIN", "ON": "true"}


def test_parameter_wins_over_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-c` fixes a parameter for all checks."""
    code, value = report([*counter(tmp_path), "-c", "N=1", "-c", "MODE=PLAIN", "-c", "ON=true"], capsys)
    assert code == 0
    assert verdicts(value) == {"counter/two/sum": "holds", "counter/many/sum": "holds"}


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (["-p", "two/*"], {"counter/two/sum"}),
        (["-p", "counter/two/sum"], {"counter/two/sum"}),
        (["-p", "*MODE=LOCKED]"], {f"counter/many/sum[N={n},MODE=LOCKED]" for n in (1, 2, 3)}),
        (["-p", "counter/many/sum[N=2,MODE=LOCKED]"], {"counter/many/sum[N=2,MODE=LOCKED]"}),
        (["-p", "sum", "--exclude", "many/*"], {"counter/two/sum"}),
        (["-p", "sum", "-p", "race", "--exclude", "many/*"], {"counter/two/sum"}),
        (["-p", "race", "--exclude", "many/*"], {"counter/two/race"}),
    ],
)
def test_selection(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], found: set[str]) -> None:
    """Globs over properties, `CHECK/PROPERTY` and identities; a sanitizer asked for by name is shown."""
    _, value = report([*counter(tmp_path), *flags], capsys)
    assert set(verdicts(value)) == found


def test_sanitizers_that_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report names as `on` only what was looked at."""
    _, value = report([*counter(tmp_path), "-p", "sum"], capsys)
    assert value["sanitizers"] == ["unreachable"]
    _, value = report([*counter(tmp_path), "--no-race", "--no-unreachable"], capsys)
    assert value["sanitizers"] == ["uninit", "null", "lifetime", "lockdep", "refcount", "range", "deadlock", "assert"]


def test_sanitizer_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--no-NAME` leaves out that one only."""
    model = put(tmp_path, "clash.oom", CLASH)
    _, value = report(["check", str(model), "--no-race"], capsys)
    assert "clash/default/race" not in verdicts(value)
    assert verdicts(value)["clash/default/deadlock"] == "violated"


def test_dead_code_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dead code is listed always and fails where `unreachable` is asked for, at its place."""
    text = STEPS.replace("x = i;", 'if (i > 9) x = 9 @ "mm/mmap.c:dead"; else x = i;')
    model = put(tmp_path, "steps.oom", text.replace("i > 9", "x > 8"))
    code, value = report(["check", str(model)], capsys)
    assert code == 0
    assert any("x = 9" in place for place in value["dead_code"])
    code, value = report(["check", str(model), "-p", "unreachable"], capsys)
    assert (code, verdicts(value)) == (1, {"steps/default/unreachable": "violated"})
    spec = 'spec for "steps.oom";\ncheck dead : unreachable expect violated at "{}";\n'
    for place, expected in (("mm/mmap.c:dead", 0), ("kernel/exit.c:exit_mm", 1)):
        path = put(tmp_path, "s.oomspec", spec.replace("{}", place))
        assert main(["check", str(model), str(path)]) == expected


def test_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A depth limit tells how much was reached; one that cuts nothing is no limit."""
    _, value = report([*steps(tmp_path), "-p", "small", "--depth", "2"], capsys)
    assert value["results"][0]["reason"] == "depth limit 2: 3 states, depth 2"
    code, value = report([*steps(tmp_path), "-p", "small", "--depth", "4"], capsys)
    assert (code, value["results"][0]["verdict"], value["results"][0]["states"]) == (0, "holds", 5)


def test_engines_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both engines give the same report, but for their name and the time."""

    def told(engine: str) -> object:
        _, value = report([*steps(tmp_path), "--engine", engine, "--no-reduction"], capsys)
        for row in value["results"]:
            assert row.pop("engine") == ("reference" if engine == "reference" else "explicit")
            row.pop("seconds")
            if row["trace"]:
                row["trace"].pop("engine")
        return value

    assert told("reference") == told("explicit") == told("auto")


def test_rows_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """States, reason, source and trace of a row are those of the search."""
    _, value = report([*steps(tmp_path), "-p", "smaller", "-p", "small"], capsys)
    small, smaller = value["results"]
    assert (small["states"], small["transitions"], small["depth"]) == (5, 4, 4)
    assert (small["sentence"], small["reason"], small["source"], small["trace"]) == ("x stays small", None, None, None)
    assert (smaller["reason"], smaller["source"]) == ("x < 2 is false", "mm/mmap.c:exit_mmap")
    assert [step["text"] for step in smaller["trace"]["steps"]] == ["x = i", "x = i"]
    assert smaller["expected"] is None


def test_text_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-q leaves out what is fine, -v adds all traces, colour only on request, width and ASCII are kept."""
    arguments = steps(tmp_path, 'check c : smaller expect violated because "schön";')

    def told(*flags: str) -> str:
        main([*arguments, "-p", "c/*", *flags])
        return capsys.readouterr().out

    normal = told()
    assert "ok (expected violation)" in normal
    assert "x = i" not in normal
    assert "\x1b" not in normal
    assert told("-q").count("\n") <= 2
    assert "x = i" in told("-v")
    assert "\x1b[" in told("--color", "always")
    assert "schön" in normal
    assert told("--ascii").isascii()
    trace = told("-v", "--width", "40", "--states", "full", "--lanes", "all").split("VIOLATED, as expected")[1]
    assert all(len(line) <= 40 for line in trace.splitlines()[:-2])
    assert "x=0" in trace


def test_traces_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-o writes one file for each trace, at stable paths that the report names; each of them replays."""
    out = tmp_path / "new" / "out"
    main([*steps(tmp_path), "-o", str(out)])
    text = capsys.readouterr().out
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == ["steps/default/smaller.json", "steps/default/two.json"]
    assert "oomcheck replay" in text
    for name in files:
        assert json.loads((out / name).read_text(encoding="utf-8"))["schema"] == "oomcheck.trace/1"
        assert main(["replay", str(out / name)]) == 0


@pytest.mark.parametrize("name", ["..", "...", "a b", "a/../../b", "/etc/x", "ä[x]", "-o", "~", "a\nb", "x" * 300])
def test_names_stay_below(name: str) -> None:
    """Whatever an identity is made of, its file lies below the folder and its name is not too long."""
    path = Path("/out") / f"{safe_name(name + '/check/prop[N=1]')}.json"
    assert path.resolve().is_relative_to("/out")
    assert ".." not in path.parts
    assert max(map(len, path.parts)) < 220
    assert path.as_posix().isascii()


def test_odd_spec_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Specs whose names differ in odd signs only do not overwrite each other's traces."""
    model = put(tmp_path, "steps.oom", STEPS)
    specs = [
        put(tmp_path, f"{n}.oomspec", 'spec for "steps.oom";\nnever one : x == 1;\n') for n in ("a b", "a_b", "..c")
    ]
    out = tmp_path / "out"
    code, value = report(["check", str(model), *map(str, specs), "-p", "one", "-o", str(out)], capsys)
    files = list(out.rglob("*.json"))
    assert (code, len(value["results"]), len(files)) == (1, 3, 3)
    identities = {json.loads(path.read_text(encoding="utf-8"))["identity"] for path in files}
    assert identities == {row["id"] for row in value["results"]}


def test_specs_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two specs of the same name: the rows of both are there, so no pass hides a failure."""
    model = put(tmp_path, "steps.oom", STEPS)
    bad = put(tmp_path, "a/s.oomspec", 'spec for "../steps.oom";\nnever p : x == 1;\n')
    good = put(tmp_path, "b/s.oomspec", 'spec for "../steps.oom";\nnever p : x == 9;\n')
    for specs in ([bad, good], [good, bad]):
        code, value = report(["check", str(model), *map(str, specs), "-p", "p"], capsys)
        assert code == 1
        assert sorted(verdicts(value).values()) == ["holds", "violated"]
        assert {name.split("/")[-4] for name in verdicts(value)} <= {"a", "b"}


def test_folder_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output folder that is a file: found before the search, exit code 2."""
    model = put(tmp_path, "steps.oom", STEPS)
    assert main(["check", str(model), "-o", str(model)]) == 2
    assert "E0007" in capsys.readouterr().err


def test_precedence_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Command line before environment before pyproject.toml before defaults."""
    arguments = [*steps(tmp_path), "-p", "small"]
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 0
    put(tmp_path, "pyproject.toml", '[tool.oomcheck]\nmax-states = 2\nformat = "json"\n')
    capsys.readouterr()
    assert main(arguments) == 3
    assert json.loads(capsys.readouterr().out)["results"][0]["reason"].startswith("state limit 2")
    monkeypatch.setenv("OOMCHECK_MAX_STATES", "3")
    assert main(arguments) == 3
    assert json.loads(capsys.readouterr().out)["results"][0]["reason"].startswith("state limit 3")
    assert main([*arguments, "--max-states", "100", "--format", "text", "--engine", "reference"]) == 0
    assert capsys.readouterr().out.startswith(str(tmp_path))
    monkeypatch.setenv("OOMCHECK_ENGINE", "bmc")
    monkeypatch.setenv("OOMCHECK_DEPTH", "2")
    assert main(arguments) == 3
    (row,) = json.loads(capsys.readouterr().out)["results"]
    assert (row["engine"], row["verdict"], row["depth"]) == ("bmc", "holds_up_to", 2)


def test_value_only_in_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A parameter without default gets its values from the checks; a check that gives none is an error."""
    model = put(tmp_path, "m.oom", "model m;\nparam int N >= 1;\nmarked int 0..9 x;\nthread t[N] { x = N; }\n")
    text = 'spec for "m.oom";\nnever p : x > N;\nnever q : x > N;\ncheck a : p with N in 1 .. 2;\n'
    spec = put(tmp_path, "m.oomspec", text + "check b : q with N = 3;\n")
    code, value = report(["check", str(model), str(spec)], capsys)
    assert (code, list(verdicts(value))) == (0, ["m/a/p[N=1]", "m/a/p[N=2]", "m/b/q"])
    assert value["params"] == {"N": "?"}
    assert main(["check", str(model)]) == 2
    spec.write_text(text, encoding="utf-8")
    assert main(["check", str(model), str(spec)]) == 2
    assert "E0305" in capsys.readouterr().err
