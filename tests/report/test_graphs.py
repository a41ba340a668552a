"""Marks show by shape and by word; numbers are lines for people."""

from __future__ import annotations

import pytest

from oomcheck.graphs.picture import Edge, Mark, Node, Picture
from oomcheck.graphs.statistics import Statistics
from oomcheck.report.graphs import dot_of, statistics_text

NUMBERS = Statistics(4, 6, 2, 2, 3, 2, 1, 1, 1, 0, 2, 3, (("a", 4), ("t\x1b", 2)))


@pytest.mark.parametrize(
    ("mark", "shape", "word"),
    [
        (Mark.INITIAL, '"peripheries"="2"', None),
        (Mark.DEADLOCK, '"shape"="octagon"', "DEADLOCK"),
        (Mark.BAD, '"shape"="hexagon"', "BAD"),
        (Mark.END, '"shape"="ellipse"', None),
        (Mark.OPEN, '"style"="dotted"', "not expanded"),
        (Mark.CYCLE, '"penwidth"="2.5"', "in a circle"),
        (Mark.NEVER, '"style"="dashed"', "never executed"),
        (Mark.UNSEEN, '"style"="dashed"', "not executed so far"),
    ],
)
def test_marks_do_not_rest_on_colour(mark: Mark, shape: str, word: str | None) -> None:
    """Each mark of a node changes its shape or line, and what matters is said in words."""
    plain, marked = (
        dot_of(Picture("p", (Node("n", ("x",), marks),), ())) for marks in (frozenset(), frozenset([mark]))
    )
    assert shape in marked
    assert shape not in plain
    label = "x" if word is None else f"x\\n{word}"
    assert f'"n" ["label"="{label}"' in marked


def test_edges_groups_and_notes() -> None:
    """Circles are bold, groups are boxes, notes stand under the title."""
    nodes = (Node("a", ("x",), group="one"), Node("b", ("y",), group="two"), Node("c", ("z",)))
    edges = (Edge("a", "b", ("t",), frozenset([Mark.CYCLE])), Edge("b", "c", ("u",), frozenset([Mark.NEVER])))
    text = dot_of(Picture("title", nodes, edges, ("note",)))
    assert '"label"="title\\nnote";' in text
    assert '"a" -> "b" ["label"="t\\nin a circle", "style"="bold"' in text
    assert '"b" -> "c" ["label"="u", "style"="dashed"' in text
    assert text.count("subgraph") == 2


def test_numbers() -> None:
    """Every number has its name, and names cannot steer a terminal."""
    assert statistics_text("m", NUMBERS) == (
        "m: 4 states, 6 steps\n"
        "  depth       2, at most 2 states at one depth\n"
        "  branching   1.50 on average, at most 3\n"
        "  components  3 strongly connected, the largest of 2; 1 with a cycle, 1 that are never left\n"
        "  ends        0 where all is done, 1 deadlocks\n"
        "  bad states  2 (the next step of some thread runs into a fault)\n"
        "  steps of\n"
        "    a      4\n"
        "    t\\x1b  2\n"
    )
