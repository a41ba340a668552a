"""What the parser makes: tokens and trees named after the grammar's rules, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

NOWHERE: Final = -1  # the place of a tree without any token


class Token(str):
    """A token: its text, the name of its terminal, and the offsets `start .. end`."""

    __slots__ = ("end", "start", "type")

    type: str
    start: int
    end: int


class Tree:
    """A rule with its children; absent optional parts are None.

    `start .. end` is what the rule covers. `outer_start .. outer_end` also covers the parentheses around it, which make
    no tree of their own: the rule above begins and ends there. All four are NOWHERE if the rule has no token.
    """

    __slots__ = ("children", "data", "end", "outer_end", "outer_start", "start")

    def __init__(self, data: str, children: list[Node]) -> None:
        self.data = data
        self.children = children
        self.start = self.end = self.outer_start = self.outer_end = NOWHERE

    @property
    def empty(self) -> bool:
        """Whether the rule has no token."""
        return self.start == NOWHERE

    def subtrees(self) -> Iterator[Tree]:
        """All trees below, then this one: deepest first, of one depth from left to right."""
        queue = [self]
        for tree in queue:
            queue += [child for child in reversed(tree.children) if isinstance(child, Tree)]
        return reversed(queue)


Node = Token | Tree | None
