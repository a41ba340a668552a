"""Questions about runs asked as questions about states, so that any engine for invariants answers them."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.lassos import Lasso
from oomcheck.analysis.product import EVERYTHING
from oomcheck.ir.expr import Expr
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import Not
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import Fairness, Liveness
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST, Witness
from oomcheck.semantics.evident import is_about_runs
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.runs import every_thread, owed
from oomcheck.transform.lasso import LassoQuestion, lasso_question


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """Whether `asked` has a run of some kind: exactly if a state where `bad` holds can be reached in `system`."""

    asked: TransitionSystem
    reduced: LassoQuestion

    @property
    def system(self) -> TransitionSystem:
        """The system to search; see `LassoQuestion` for what an invariant of it means."""
        return self.reduced.system

    @property
    def bad(self) -> Expr:
        """The condition that ends the search."""
        return self.reduced.bad

    def witness(self, steps: Sequence[int]) -> Witness:
        """The run of `asked` behind a path of `system` to a bad state.

        A path that is none makes a witness that is none; who checks it says why.
        """
        return _closed(self.asked, self.reduced.lift(steps))


def run_question(system: TransitionSystem, prop: Property) -> RunQuestion | None:
    """Whether some run violates a formula about runs, or goes on for ever without time; None for all other properties.

    Time has been made a step, one that is also taken where nothing changes. Faults are left out of the question: that
    no run was found means nothing if one other than a false assumption can end the behaviour.
    """
    match prop.temporal:
        case Liveness(formula=formula) as liveness:
            return RunQuestion(system, lasso_question(system, translate(Not(formula)), owed(system, liveness)))
        case None if is_about_runs(prop):
            return RunQuestion(system, lasso_question(system, EVERYTHING, every_thread(system), _hasty(system)))
        case _:
            return None


def fair_run_question(system: TransitionSystem, fairness: Sequence[Fairness]) -> RunQuestion:
    """Whether any run keeps all of `fairness`; where none does, every property of runs holds for no reason."""
    return RunQuestion(system, lasso_question(system, EVERYTHING, fairness))


def _hasty(system: TransitionSystem) -> frozenset[int]:
    """The steps of threads, which take no time."""
    idle = (ProcessKind.ENV, ProcessKind.CLOCK)
    kinds = [process.kind for process in system.processes]
    return frozenset(step.index for step in system.transitions if kinds[step.process] not in idle)


def _closed(system: TransitionSystem, lasso: Lasso) -> Witness:
    """The lasso with as many rounds as bring back the whole state, each variable included."""
    plain = Witness(lasso.stem, loop=lasso.loop)
    states = replay(system, lasso.stem)
    if lasso.loop == (REST,) or isinstance(states, Mismatch):
        return plain
    state, known = states[-1], dict[tuple[int, ...], int]()
    while state not in known:
        known[state] = len(known)
        states = replay(system, lasso.loop, state)
        if isinstance(states, Mismatch):
            return plain
        state = states[-1]
    before = known[state]
    return Witness(lasso.stem + before * lasso.loop, loop=(len(known) - before) * lasso.loop)
