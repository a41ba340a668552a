"""From items that were seen on a level to findings with a path: those that the reference search notes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from oomcheck.analysis.permutation import Permutation
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.native.binding import Target
from oomcheck.native.items import Items, Orders, Races
from oomcheck.records import dataclass
from oomcheck.result.exploration import LockEdge
from oomcheck.semantics.checks import lock_edges, race
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.lockorder import LockOrder
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.sought import Decides, Fails, Occurs
from oomcheck.semantics.successors import enabled, faults

Path = tuple[int, ...]
#: The least shortest path to each target, and why there are no more of them, or "".
FindPaths = Callable[[Sequence[Target]], tuple[list[Path], str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """The items that a search of `system` saw, each with the first level on which it did."""

    system: TransitionSystem
    items: Items
    depths: Mapping[int, int]

    def of(self, *kinds: type) -> Iterable[tuple[int, object]]:
        """Numbers of the seen items of these kinds."""
        return ((number, item) for number in sorted(self.depths) if isinstance(item := self.items.items[number], kinds))


def decided(items: Items, seen: Iterable[int], group: Sequence[Permutation] = ()) -> set[str]:
    """Names of the properties that these items decide; names of sanitizers that nobody asked for may be among them.

    Where states are folded under a group, an order of locks that was seen stands for all that it can become.
    """
    found = set()
    order = LockOrder()
    for number in seen:
        match items.items[number]:
            case Decides(prop=prop):
                found.add(prop)
            case Fails(fault=fault):
                found.add(fault.sanitizer)
            case Races():
                found.add("race")
            case Orders(edge=edge):
                alike = {element.edge(edge): None for element in group} or (edge,)
                circles = [order.add(one, 0) for one in alike]
                if any(circles):
                    found.add("lockdep")
            case Occurs():
                pass
    return found


def note_sets(seen: Seen, findings: Findings) -> None:
    """Put what needs no path into `findings`: antecedents that hold somewhere, sanitizers that halt."""
    for _, item in seen.of(Occurs, Fails):
        match item:
            case Occurs(prop=prop, number=part):
                findings.antecedents.add((prop, part))
            case Fails(fault=fault):
                if fault.halts:
                    findings.halted.add(fault.sanitizer)


def note(seen: Seen, findings: Findings, paths: list[Path], find: FindPaths) -> str:
    """Put all that was decided into `findings`, whose states are numbers in `paths`; why some paths are missing, or "".

    Events are noted in the order in which the reference search comes across them: by level, then by path.
    """
    asked = [*_by_name(seen, findings), *_circle(seen)]
    found, reason = find([target for _, target in asked])
    events = sorted(zip(found, asked, strict=False), key=lambda event: (event[1][1].depth, event[0]))
    for path, (name, _) in events:
        paths.append(path)
        _note_one(seen, findings, name, len(paths) - 1, path)
    return reason


def _by_name(seen: Seen, findings: Findings) -> list[tuple[str, Target]]:
    """For each property the first level with something that decides it."""
    groups: dict[str, list[int]] = {}
    for number, item in seen.of(Decides, Fails, Races):
        match item:
            case Decides(prop=name):
                groups.setdefault(name, []).append(number)
            case Fails(fault=fault):
                groups.setdefault(fault.sanitizer, []).append(number)
            case Races():
                groups.setdefault("race", []).append(number)
    found = []
    for name, numbers in sorted(groups.items()):
        if findings.asks(name):
            depth = min(seen.depths[number] for number in numbers)
            found.append((name, Target(depth, frozenset(n for n in numbers if seen.depths[n] == depth))))
    return found


#: Stands for the name of a property in events that are a lock order.
_ORDER = ""


def _circle(seen: Seen) -> list[tuple[str, Target]]:
    """The lock orders up to the level where they first close a circle; nothing if they do not."""
    edges = sorted(
        ((seen.depths[n], n, item.edge) for n, item in seen.of(Orders) if isinstance(item, Orders)), key=_place
    )
    order = LockOrder()
    for depth, _, edge in edges:
        if order.add(edge, 0):
            return [(_ORDER, Target(d, frozenset([n]))) for d, n, _ in edges if d <= depth]
    return []


def _place(edge: tuple[int, int, LockEdge]) -> tuple[int, int]:
    return edge[:2]


def _note_one(seen: Seen, findings: Findings, name: str, number: int, path: Path) -> None:
    system = seen.system
    state = _end(system, path)
    moves = enabled(system, state)
    if name == _ORDER:
        for edge in lock_edges(system, state, moves):
            findings.order(edge, number)
    elif name == "race" and any(True for _ in seen.of(Races)):
        findings.decide(name, number, racing=race(system, state, moves))
    else:
        failing = [fault.index for fault in faults(system, state) if fault.sanitizer == name]
        findings.decide(name, number, fault=failing[0] if failing else None)


def _end(system: TransitionSystem, path: Path) -> State:
    states = replay(system, path)
    if isinstance(states, Mismatch):
        raise AssertionError(f"the native search took a step that the system does not have: {states}")
    return states[-1]
