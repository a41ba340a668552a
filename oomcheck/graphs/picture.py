"""A graph to be drawn or written, whatever the format: nodes and edges with lines of text and marks."""

from __future__ import annotations

from enum import Enum
from typing import Final

from oomcheck.records import dataclass

LONGEST: Final = 48  # letters in one line of a label


class Mark(Enum):
    """What is special about a node or an edge; the value is how formats for programs call it."""

    INITIAL = "initial"
    DEADLOCK = "deadlock"  # nobody can move although some thread has not finished
    BAD = "bad"  # the next step of some thread runs into a fault
    END = "end"  # nobody moves any more, and nobody must
    OPEN = "open"  # the search ended before it was expanded
    CYCLE = "cycle"  # part of a circle of locks
    NEVER = "never"  # no reachable state executes it
    UNSEEN = "unseen"  # not executed in the states that were visited, which are not all


@dataclass(frozen=True, slots=True)
class Node:
    """A node; `name` is unique. `weight` is the number of states that it stands for, 0 if it stands for none."""

    name: str
    lines: tuple[str, ...]
    marks: frozenset[Mark] = frozenset()
    group: str = ""
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge between two nodes, by their names; `weight` is the number of steps that it stands for, 0 for none."""

    source: str
    target: str
    lines: tuple[str, ...] = ()
    marks: frozenset[Mark] = frozenset()
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A directed graph; `notes` say what a reader must know about it, such as that it is partial."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()


def short(text: str, longest: int = LONGEST) -> str:
    """`text` cut to a line of a label."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
