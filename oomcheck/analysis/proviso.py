"""The static cycle proviso: steps that may be taken only together with all others.

In a reduced search a step could be put off for ever, on a cycle of states that never needs it. So every cycle of states
must have a state that is fully expanded. Kurshan, Levin, Minea, Peled, Yenigün, Static partial order reduction (TACAS
1998): choose steps so that each cycle of a process has one, before the search; taking one of them asks for full
expansion. A cycle of states on which a process moves is a closed walk among its control points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from oomcheck.analysis.components import Components
from oomcheck.analysis.footprint import Effect
from oomcheck.analysis.points import Control, Entry

Key = tuple[int, int, int]  # process, point, position


def key_of(process: int, entry: Entry) -> Key:
    """What names an entry."""
    return process, entry.point, entry.position


def cyclic(controls: Sequence[Control], effects: Mapping[Key, Iterable[int]], meaning: Sequence[Effect]) -> set[Key]:
    """Entries that a cycle of states may take; `effects` are those of each entry, as numbers in `meaning`.

    A slot that no step on a cycle brings down cannot be brought up there either; without the steps that do, fewer
    cycles are left, and so on (a lexicographic ranking).
    """
    left = {
        key_of(control.process, entry)
        for control in controls
        for entries in control.entries
        for entry in entries
        if entry.targets
    }
    moves = [(effect.slot, *_direction(effect)) for effect in meaning]
    while True:
        left = _inside(controls, left)
        drop = _monotone(left, effects, moves)
        if not drop:
            return left
        left -= drop


def _inside(controls: Sequence[Control], left: set[Key]) -> set[Key]:
    """Those of `left` that lie on a closed walk of `left` within their process."""
    kept = set[Key]()
    for control in controls:
        steps = [[e for e in entries if key_of(control.process, e) in left] for entries in control.entries]
        following = [[target for entry in entries for target in entry.targets] for entries in steps]
        parts = Components(len(following), following.__getitem__)
        for _ in parts.split(range(len(following))):
            pass
        label = list(parts.label)
        for point, entries in enumerate(steps):
            for entry in entries:
                if any(label[target] == label[point] for target in entry.targets):
                    kept.add(key_of(control.process, entry))
    return kept


def _monotone(left: set[Key], effects: Mapping[Key, Iterable[int]], moves: Sequence[tuple[int, int, int]]) -> set[Key]:
    """Steps that move some slot strictly in a direction in which nothing of `left` moves it back."""
    used = {effect for key in left for effect in effects[key]}
    up, down = {moves[effect][0] for effect in used}, {moves[effect][0] for effect in used}
    for slot, least, most in map(moves.__getitem__, used):
        if least < 0:
            up.discard(slot)
        if most > 0:
            down.discard(slot)
    strict = set[int]()
    for effect in used:
        slot, least, most = moves[effect]
        if (slot in up and least > 0) or (slot in down and most < 0):
            strict.add(effect)
    return {key for key in left if not strict.isdisjoint(effects[key])}


def _direction(effect: Effect) -> tuple[int, int]:
    """Least and greatest difference between the new and the old value; (-1, 1) if that is not known."""
    if not effect.after:
        return -1, 1
    least, most = 1 << 62, -(1 << 62)
    for old, after in enumerate(effect.after):
        if (effect.before >> old) & 1 and after:
            least = min(least, (after & -after).bit_length() - 1 - old)
            most = max(most, after.bit_length() - 1 - old)
    return (least, most) if least <= most else (0, 0)


def sticky(control: Control, entries: set[Key], price: Callable[[Entry], int]) -> set[Key]:
    """A subset of `entries` without which no closed walk of them is left in this process.

    Entries of the highest price are left out of it as far as possible: greedy, each is kept free unless it closes a
    walk of free ones.
    """
    chosen = set[Key]()
    reach = [1 << point for point in range(len(control.points))]
    own = [e for group in control.entries for e in group if key_of(control.process, e) in entries]
    for entry in sorted(own, key=lambda e: (-price(e), e.point, e.position)):
        if any((reach[target] >> entry.point) & 1 for target in entry.targets):
            chosen.add(key_of(control.process, entry))
        else:
            _connect(reach, entry.point, entry.targets)
    return chosen


def _connect(reach: list[int], point: int, targets: Iterable[int]) -> None:
    gained = 0
    for target in targets:
        gained |= reach[target]
    for other, mask in enumerate(reach):
        if (mask >> point) & 1:
            reach[other] = mask | gained
