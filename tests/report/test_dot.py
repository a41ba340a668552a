"""Any text survives the way through Graphviz, and none becomes markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.report.dot import DotEdge, DotGraph, DotGroup, DotNode, quoted, render_dot

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

TEXTS = [
    'a "quoted" word',
    "ends in a backslash \\",
    'both \\"',
    "\\N \\G \\l \\n are no escapes",
    "&mm; &amp; &lt; &#65; & p->flags",
    "<b>no HTML</b> <script>alert(1)</script>",
    "{a|b} <port>",
    "; } digraph evil { x",
    "// no comment # none",
    "ä ☃ \N{GREEK SMALL LETTER ALPHA}",
    "]]> -->",
]


def test_the_text_of_a_graph() -> None:
    """Order is kept, names and values are quoted, an undirected graph has other edges."""
    graph = DotGraph(
        "g",
        (DotNode("a", "first\nsecond", (("shape", "box"),)), DotNode("b", "")),
        (DotEdge("a", "b", "goes", (("style", "bold"),)), DotEdge("b", "b")),
        attributes=(("rankdir", "LR"),),
        groups=(DotGroup("both", ("a", "b"), (("style", "dashed"),)),),
    )
    assert render_dot(graph) == (
        'digraph "g" {\n'
        '  "rankdir"="LR";\n'
        '  "a" ["label"="first\\nsecond", "shape"="box"];\n'
        '  "b" ["label"=""];\n'
        '  subgraph "cluster_0" {\n'
        '    "label"="both";\n'
        '    "style"="dashed";\n'
        '    "a";\n'
        '    "b";\n'
        "  }\n"
        '  "a" -> "b" ["label"="goes", "style"="bold"];\n'
        '  "b" -> "b";\n'
        "}\n"
    )
    assert render_dot(DotGraph("", (), (DotEdge("a", "b"),), directed=False)) == 'graph "" {\n  "a" -- "b";\n}\n'


@given(text=st.text())
def test_a_quoted_text_is_one_token(text: str) -> None:
    """Between the quotes there is no quote that is not escaped, no line break, nothing that steers a terminal."""
    found = quoted(text)
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', found)
    assert found.isprintable()


@needs_graphviz
@pytest.mark.parametrize("text", TEXTS)
def test_graphviz_shows_what_was_written(text: str) -> None:
    """Names, labels, titles of groups and of the graph are read back and drawn letter by letter."""
    graph = DotGraph(
        text,
        (DotNode(text, text), DotNode("other", "plain")),
        (DotEdge(text, "other", text),),
        attributes=(("label", text),),
        groups=(DotGroup(text, (text,)),),
    )
    drawn = subprocess.run(["dot", "-Tsvg"], input=render_dot(graph), capture_output=True, encoding="utf-8", check=True)
    assert drawn.stderr == ""
    shown = [element.text for element in ET.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}text")]
    # The node, the edge, the group and the graph; Graphviz writes spaces so that they are kept.
    assert sorted(str(label).replace("\xa0", " ") for label in shown) == sorted([text] * 4 + ["plain"])
    parsed = subprocess.run(
        ["dot", "-Tjson"], input=render_dot(graph), capture_output=True, encoding="utf-8", check=True
    )
    value = json.loads(parsed.stdout)
    assert len(value["edges"]) == 1
    assert sum("nodes" not in item for item in value["objects"]) == 2
