"""The rows of two reports side by side."""

from __future__ import annotations

from enum import Enum

from oomcheck.records import dataclass
from oomcheck.result.verdict import INTERRUPTED, Contradiction, Report, Result, Word, word

SAME_CODE, DIFFERENT_CODE, UNKNOWN_CODE, INTERNAL_CODE = 0, 1, 3, 4

#: Verdicts that settle nothing for all states.
_OPEN = (Word.UNKNOWN, Word.HOLDS_UP_TO)


class Relation(Enum):
    """How the verdicts of one row relate; the order is that of reports."""

    DIFFERENT = "different"
    ONLY_A = "only in A"
    ONLY_B = "only in B"
    UNDECIDED = "undecided"  # unknown on one side at least
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of one report or of both."""

    identity: str
    relation: Relation
    a: Result | None
    b: Result | None


def pairs_of(a: Report, b: Report) -> tuple[Pair, ...]:
    """All rows, those first whose verdicts differ, else in the order of A and then of B."""
    left = {result.identity: result for result in a.results}
    right = {result.identity: result for result in b.results}
    found = [Pair(name, _relation(left.get(name), right.get(name)), left.get(name), right.get(name))
             for name in dict.fromkeys([*left, *right])]  # fmt: skip
    order = list(Relation)
    return tuple(sorted(found, key=lambda pair: order.index(pair.relation)))


def _relation(a: Result | None, b: Result | None) -> Relation:
    if a is None or b is None:
        return Relation.ONLY_B if a is None else Relation.ONLY_A
    if word(a.verdict) in _OPEN or word(b.verdict) in _OPEN:
        return Relation.UNDECIDED
    return Relation.SAME if _settled(a) == _settled(b) else Relation.DIFFERENT


def _settled(result: Result) -> tuple[Word, int | None, bool]:
    """What is known: a proof says the same as a search of all states; a bound has a value too."""
    found = word(result.verdict)
    return Word.HOLDS if found is Word.PROVED else found, result.value, result.unbounded


def code_of(pairs: tuple[Pair, ...], a: Report, b: Report) -> int:
    """The exit code: 0 all the same, 1 some differ, 3 none differs but not all are known; 4 for a contradiction."""
    if a.partial or b.partial:
        return INTERRUPTED
    if any(isinstance(result.verdict, Contradiction) for result in (*a.results, *b.results)):
        return INTERNAL_CODE
    relations = {pair.relation for pair in pairs}
    if relations - {Relation.SAME, Relation.UNDECIDED}:
        return DIFFERENT_CODE
    return UNKNOWN_CODE if Relation.UNDECIDED in relations else SAME_CODE
