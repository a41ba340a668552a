"""Whether assumptions leave any behaviour: a bounded search for one that ends or goes round.

A behaviour that runs into an `assume` that is false does not count. If every
behaviour does, whatever holds of the model holds for no reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from oomcheck.ir.system import ProcessKind, State, TransitionSystem
from oomcheck.semantics.successors import faults, successors

MAX_STATES = 20_000
POLL = 64  # states between two looks at the caller's wish to stop

_OPTIONAL = (ProcessKind.ENV, ProcessKind.SOFTIRQ)  # may act or not, so behaviour may end before they do


def leaves_behaviour(
    system: TransitionSystem, bound: int = MAX_STATES, should_stop: Callable[[], str] | None = None
) -> bool | None:
    """Whether some behaviour ends, rests or goes round without being cut; None if `bound` states do not tell.

    Depth first, because one such behaviour is enough: usually the first path is one.
    """
    known = {system.initial}
    path: list[tuple[State, Iterator[State]]] = []
    on_path: set[State] = set()
    state: State | None = system.initial
    while True:
        if state is not None:
            moves = list(successors(system, state))
            if _may_end(system, state, {move.process for move, _ in moves}):
                return True
            path.append((state, iter([following for _, following in moves])))
            on_path.add(state)
        following = next(path[-1][1], None)
        state = None
        if following is None:
            on_path.remove(path.pop()[0])
            if not path:
                return False
        elif following in on_path:
            return True
        elif following not in known:
            if len(known) >= bound or (should_stop is not None and len(known) % POLL == 0 and should_stop()):
                return None
            known.add(following)
            state = following


def _may_end(system: TransitionSystem, state: State, moving: set[int]) -> bool:
    """Nobody must go on from here: not by a step, and not into a cut."""
    acting = moving | {fault.process for fault in faults(system, state) if fault.halts}
    return all(system.processes[process].kind in _OPTIONAL for process in acting)
