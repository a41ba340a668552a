"""`oomcheck graph`: what is written where, and with which exit code."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest

from oomcheck.cli import graph as command
from oomcheck.cli.main import main
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.graphs.space import Space, explore_space
from oomcheck.result.exploration import Progress
from tests.cli.samples import CLASH, ENDLESS, STEPS, put

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

#: More states than can be drawn, in few places.
WIDE = """model wide;
marked int 0..400 x;
thread t {
	for (i in 1 .. 400)
		x = i;
}
"""


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of `graph`."""
    capsys.readouterr()
    code = main(["graph", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_states_as_dot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The default: the states, on the standard output; the same bytes each time."""
    model = str(put(tmp_path, "steps.oom", STEPS))
    code, out, err = said([model], capsys)
    assert (code, err) == (0, "")
    assert out.startswith('digraph "states of steps" {\n')
    assert (out.count(" -> "), out.count('"shape"=')) == (4, 5)
    assert said([model], capsys)[1] == out
    assert said([model, "-c", "LAST=5"], capsys)[1].count(" -> ") == 6


def test_the_name_of_the_file_says_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-o writes the file whole and nothing else; --to wins over its name."""
    model = str(put(tmp_path, "clash.oom", CLASH))
    dot, xml, odd = (tmp_path / name for name in ("out/a.dot", "out/a.graphml", "out/odd.txt"))
    for arguments in (["-o", str(dot)], ["-o", str(xml)], ["-o", str(odd), "--to", "graphml"]):
        assert said([model, *arguments], capsys) == (0, "", "")
    assert dot.read_text() == said([model], capsys)[1]
    assert odd.read_bytes() == xml.read_bytes()
    read = nx.read_graphml(io.BytesIO(xml.read_bytes()), force_multigraph=True)
    assert sum(data["deadlock"] for _, data in read.nodes(data=True)) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.dot", "a.graphml", "odd.txt"]


@needs_graphviz
@pytest.mark.parametrize("what", ["states", "locks", "cfg"])
def test_svg(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """Graphviz draws every kind of graph."""
    code, out, err = said([str(put(tmp_path, "clash.oom", CLASH)), "--what", what, "--to", "svg"], capsys)
    assert (code, err) == (0, "")
    assert ET.fromstring(out).tag == "{http://www.w3.org/2000/svg}svg"


def test_no_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing is named, with what to do; nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    target = tmp_path / "a.svg"
    code, out, err = said([str(put(tmp_path, "steps.oom", STEPS)), "-o", str(target)], capsys)
    assert (code, out) == (2, "")
    assert "error[E0007]: cannot run Graphviz's `dot`" in err
    assert "install graphviz" in err
    assert not target.exists()


@pytest.mark.parametrize(
    ("script", "message"),
    [("echo 'bad\\033[31m' >&2; exit 1", "Graphviz failed: bad\\x1b[31m"), ("exec sleep 60", "did not finish within")],
)
def test_graphviz_that_fails(tmp_path: Path, script: str, message: str) -> None:
    """Neither its errors nor a drawing without end are a crash."""
    program = put(tmp_path, "dot", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(OomcheckError) as caught:
        command.svg_of("digraph {}", str(program), 0.5)
    assert message in caught.value.diagnostics[0].message


def test_too_many_states_to_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers instead of a drawing nobody can read, and how to get one; files for programs may be large."""
    model = str(put(tmp_path, "wide.oom", WIDE))
    code, out, err = said([model], capsys)
    assert code == 2
    assert out.startswith("wide: 401 states, 400 steps\n")
    assert "error[E0303]: 401 states are too many to be drawn (at most 250)" in err
    assert "--by pcs" in err
    code, out, err = said([model, "--by", "pcs"], capsys)
    assert (code, err, out.count('"shape"=')) == (0, "", 2)
    code, out, err = said([model, "--by", "x"], capsys)
    assert (code, "401 nodes are too many" in err) == (2, True)
    assert len(nx.read_graphml(io.BytesIO(said([model, "--to", "graphml"], capsys)[1].encode())).nodes) == 401
    assert said([model, "--stats"], capsys)[:2] == (0, said([model], capsys)[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--what", "locks", "--by", "x"], "--by is for --what states"),
        (["--what", "cfg", "--stats"], "--stats is for --what states"),
        (["--thread", "t"], "--thread is for --what cfg"),
        (["--reachable"], "--reachable is for --what cfg"),
        (["--by", ","], "--by names no variable"),
        (["--by", "y"], "--by: `y` matches no variable"),
        (["--stats", "--to", "svg"], "--stats prints numbers"),
        (["--max-states", "3"], "the model has more than 3 states"),
        (["--max-states", "few"], "--max-states"),
        (["--what", "cfg", "--thread", "u"], "--thread: `u` matches no thread"),
        (["-o", "."], "it is a folder"),
        (["--to", "png"], "invalid choice"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A wrong command line has exit code 2, a message, and no output."""
    code, out, err = said([str(put(tmp_path, "steps.oom", STEPS)), *arguments], capsys)
    assert (code, out) == (2, "")
    assert message in err


def test_reachable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no reachable state executes is marked only on request."""
    text = STEPS.replace("\tx = 0 ", "\tif (x == 9) x = 1;\n\tx = 0 ")
    model = str(put(tmp_path, "steps.oom", text))
    assert "never executed" not in said([model, "--what", "cfg"], capsys)[1]
    assert "7: x = 1\\nmm/mmap.c:exit_mmap\\nnever executed" in said([model, "--what", "cfg", "--reachable"], capsys)[1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--stats"], "PARTIAL (interrupted)"),
        ([], "PARTIAL (interrupted)"),
        (["--by", "pc(t[0])"], "PARTIAL (interrupted): there are more states and steps"),
        (["--what", "cfg", "--reachable"], "PARTIAL (interrupted): dashed parts"),
    ],
)
def test_interrupted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    """Ctrl-C ends the search with what is known, named partial, and exit code 130."""

    def watched(*given: object) -> Space:
        sent: list[Progress] = []

        def watch(now: Progress) -> None:
            if now.states > 300 and not sent:
                sent.append(now)
                os.kill(os.getpid(), signal.SIGINT)

        system, limits, environ, should_stop, _ = given
        return explore_space(system, limits, environ, should_stop, watch)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(command, "explore_space", watched)
    code, out, err = said([str(put(tmp_path, "endless.oom", ENDLESS)), *arguments], capsys)
    assert (code, err) == (130, "")
    assert expected in out


def test_a_time_limit_is_partial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A graph that a limit ended has the exit code of what is unknown."""
    arguments = ["--what", "cfg", "--reachable", "--timeout", "0.1s"]
    code, out, _ = said([str(put(tmp_path, "endless.oom", ENDLESS)), *arguments], capsys)
    assert code == 3
    assert "PARTIAL (time limit 0.1 s)" in out


def test_networkx_is_loaded_where_it_is_needed(tmp_path: Path) -> None:
    """It takes longer to load than most graphs take."""
    model = put(tmp_path, "steps.oom", STEPS)
    command = f"from oomcheck.cli.main import main; main(['graph', {str(model)!r}])"
    text = f"import sys; {command}; print('networkx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_commands_of_the_manual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command line in docs/graphs.md works; drawings are written as DOT, as Graphviz may be missing."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    text = (root / "docs/graphs.md").read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if line.startswith("oomcheck graph models/")]
    assert len(commands) == 4
    for line in commands:
        words = [str(tmp_path / word.replace(".svg", ".dot")) if ".svg" in word else word for word in shlex.split(line)]
        assert said(words[2:], capsys)[::2] == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.dot", "locks.dot", "states.dot"]
