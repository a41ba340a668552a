"""Traces as graphs for Graphviz."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given, settings

from oomcheck.report.trace_dot import render_trace_dot, trace_graph
from oomcheck.result.trace import Trace
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

STRING = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTES = rf"(?: \[{STRING}={STRING}(?:, {STRING}={STRING})*\])?"
LINE = re.compile(rf"  (?:{STRING}={STRING}|{STRING}(?: -> {STRING})?{ATTRIBUTES});")


def test_path() -> None:
    """A box for each step below the name of its thread, one arrow to the next, and the fault at the end."""
    graph = trace_graph(uninit_trace())
    labels = {node.name: node.label for node in graph.nodes}
    assert list(labels) == ["lane 0", "lane 1", "lane 2", "0", *map(str, range(1, 11)), "end"]
    assert [labels[f"lane {n}"] for n in range(3)] == ["victim[0]", "oom_killer", "cgroup"]
    assert labels["7"] == "7 WRITE_ONCE(current->__state,\n  TASK_FROZEN)\nvictim[0].state: RUNNING -> FROZEN"
    assert labels["end"].splitlines()[:2] == ["no_uninit violated", "ret was never written on this path"]
    path = [(edge.source, edge.target) for edge in graph.edges if not edge.attributes]
    assert path == [(str(n), str(n + 1)) for n in range(10)]


def test_lanes() -> None:
    """The steps of a thread are of one column, joined by edges that nobody sees."""
    graph = trace_graph(uninit_trace())
    columns = {node.name: dict(node.attributes).get("group") for node in graph.nodes}
    assert [name for name, column in columns.items() if column == "lane 0"] == ["lane 0", "2", "7"]
    hidden = [(e.source, e.target) for e in graph.edges if ("style", "invis") in e.attributes]
    assert hidden[:2] == [("lane 0", "2"), ("2", "7")]


def test_loop() -> None:
    """From the last step of a lasso an arrow goes back to the first of its loop, whose steps are bold."""
    graph = trace_graph(stuck_trace())
    (back,) = [edge for edge in graph.edges if edge.label]
    assert (back.source, back.target, back.label) == ("7", "3", "back to step 3, for ever")
    bold = [node.name for node in graph.nodes if ("style", "bold") in node.attributes]
    assert bold == ["3", "4", "5", "6", "7"]
    assert "5 time passes: 1 tick (0.1 s)" in {node.label for node in graph.nodes}
    assert "weak(oom_reaper): moves at step" in {node.name: node.label for node in graph.nodes}["end"]


def test_rest() -> None:
    """Where nothing moves any more, the last state follows itself."""
    (back,) = [edge for edge in trace_graph(replace(stuck_trace(), loop=7)).edges if edge.label]
    assert (back.source, back.target, back.label) == ("7", "7", "nothing moves any more")


@settings(max_examples=60)
@given(traces())
def test_any_trace(trace: Trace) -> None:
    """Whatever the texts: each line is a statement of the language, and the boxes have the numbers of the steps."""
    text = render_trace_dot(trace, ascii_only=True)
    first, *lines, last = text.splitlines()
    assert (first, last) == ('digraph "trace" {', "}")
    assert all(LINE.fullmatch(line) for line in lines)
    assert text.isascii()
    names = [node.name for node in trace_graph(trace).nodes]
    assert [name for name in names if name.isdigit()] == list(map(str, range(len(trace.steps) + 1)))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("trace", [uninit_trace(), bound_trace(), stuck_trace()], ids=lambda trace: trace.prop)
def test_graphviz_draws_it(trace: Trace) -> None:
    """Graphviz finds no mistake."""
    done = subprocess.run(
        ["dot", "-Tsvg"], input=render_trace_dot(trace), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count('class="node"') == len(trace_graph(trace).nodes)
