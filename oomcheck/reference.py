"""Questions about runs answered by the reference path: each step of the reduction is a transition system.

Rest becomes a step (`transform.stutter`), the automaton a variable (`transform.product`); what is left is a loop
through accepting states, found by nested depth-first search, or among components where fairness counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from oomcheck.analysis.lassos import Lasso
from oomcheck.ir.expr import TRUE, Expr, or_
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.buchi import degeneralised
from oomcheck.prop.temporal import Fairness
from oomcheck.result.exploration import REST, Limits
from oomcheck.semantics.budget import Report, StopCheck
from oomcheck.semantics.fair import Assumption, fair_lasso
from oomcheck.semantics.nested import Outcome, accepting_lasso
from oomcheck.transform.enabled import some_enabled, some_ends
from oomcheck.transform.product import product
from oomcheck.transform.stutter import stuttering


def find_lasso(
    system: TransitionSystem,
    automaton: Automaton,
    fairness: Sequence[Fairness],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Outcome:
    """A run of the system that the automaton accepts and that keeps all of `fairness`, if there is one."""
    endless = stuttering(system)
    both = product(endless.system, degeneralised(automaton))
    if not fairness:
        found = accepting_lasso(both.system, both.accepted, limits, should_stop, progress)
    else:
        assumptions = [Assumption(item.kind, _owed(system, item), both.fold(item.steps)) for item in fairness]
        found = fair_lasso(both.system, both.accepted, assumptions, limits, should_stop, progress)
    if found.lasso is None:
        return found
    stem, loop = (endless.lift(both.lift(steps)) for steps in (found.lasso.stem, found.lasso.loop))
    return Outcome(_plain(stem, loop), found.stopped, found.states)


def fair_cycle(
    system: TransitionSystem,
    steps: Collection[int],
    fairness: Sequence[Fairness],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Outcome:
    """A lasso of the system whose loop consists of transitions in `steps` and keeps `fairness`."""
    assumptions = [Assumption(item.kind, _owed(system, item), item.steps) for item in fairness]
    chosen = frozenset(steps)
    return fair_lasso(system, TRUE, assumptions, limits, should_stop, progress, chosen.__contains__)


def _owed(system: TransitionSystem, fairness: Fairness) -> Expr:
    """Where a step is enabled, or due although it would end the behaviour: a run that owes that step is none."""
    return or_(some_enabled(system, fairness.steps), some_ends(system, fairness.steps))


def _plain(stem: tuple[int, ...], loop: tuple[int, ...]) -> Lasso:
    """Rest once, as a loop of its own: a run that begins to rest does so for ever."""
    return Lasso(tuple(step for step in stem if step != REST), (REST,) if REST in loop else loop)
