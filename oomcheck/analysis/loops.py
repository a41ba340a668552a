"""Short loops through a component that has all they need: visit the nearest thing still needed, then go back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from oomcheck.analysis.demands import Demands
from oomcheck.analysis.product import Hop, Product

Hops = Callable[[int], Iterable[Hop]]
NOWHERE = -1
MAX_ANCHORS = 8  # nodes to try to begin a loop at


class Loops:
    """Loops in one fair component of a product; `hops` gives the edges of a node that stay in it."""

    def __init__(self, product: Product, demands: Demands, hops: Hops) -> None:
        self._width = product.width
        self._sets = product.automaton.sets
        self._marks = product.automaton.all_marks
        self._demands = demands
        self._hops = hops

    def from_node(self, entry: int) -> tuple[list[Hop], list[Hop]]:
        """A way from `entry` to a node, and a fair accepting loop there; short, if not the shortest."""
        first, turns = self._loop(entry)
        best: tuple[list[Hop], list[Hop]] = ([], first)
        for anchor in dict.fromkeys(turns[:MAX_ANCHORS]):
            way = [] if anchor == entry else self._way(entry, anchor, 0)
            loop, _ = self._loop(anchor)
            if len(way) + len(loop) < sum(map(len, best)):
                best = (way, loop)
        return best

    def _loop(self, anchor: int) -> tuple[list[Hop], list[int]]:
        """A loop through `anchor`, and the nodes where it met what it needed."""
        strong = 0
        while True:
            loop, turns = self._round(anchor, self._marks | self._shift(self._needed(strong)))
            taken = 0
            for hop in loop:
                taken |= self._demands.taken(hop.step)
            starved = self._demands.starved((hop.target // self._width for hop in loop), taken)
            if not starved:
                return loop, turns
            strong |= starved  # what it asks for on the way it must take

    def _needed(self, strong: int) -> int:
        return self._demands.weak | self._demands.progress | strong

    def _shift(self, assumptions: int) -> int:
        return assumptions << self._sets

    def _round(self, anchor: int, needed: int) -> tuple[list[Hop], list[int]]:
        loop: list[Hop] = []
        turns: list[int] = []
        node = anchor
        needed &= ~self._given_at(anchor)
        while needed:
            way = self._way(node, NOWHERE, needed)
            for hop in way:
                needed &= ~self._given(hop)
            loop += way
            node = loop[-1].target
            turns.append(node)
        if not loop or node != anchor:
            loop += self._way(node, anchor, 0)
        return loop, turns

    def _given(self, hop: Hop) -> int:
        """What an edge and the node it leads to contribute."""
        return hop.marks | self._shift(self._demands.taken(hop.step)) | self._given_at(hop.target)

    def _given_at(self, node: int) -> int:
        return self._shift(self._demands.weak & ~self._demands.enabled(node // self._width))

    def _way(self, start: int, goal: int, needed: int) -> list[Hop]:
        """The first shortest way, of one hop or more, to `goal` or to something that is `needed`; there is one."""
        found: dict[int, tuple[int, Hop]] = {}  # by node: where it was found from, and how
        level = [start]
        for node in level:  # grows meanwhile
            for hop in self._hops(node):
                if hop.target == goal or self._given(hop) & needed:
                    way = [hop]
                    while node != start:
                        node, hop = found[node]
                        way.append(hop)
                    return way[::-1]
                if hop.target not in found and hop.target != start:
                    found[hop.target] = (node, hop)
                    level.append(hop.target)
        raise AssertionError("the component lacks what its loop needs")
