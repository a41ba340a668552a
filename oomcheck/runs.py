"""Properties about runs, settled on one graph of the reachable states: formulas, times, costs, and Zeno runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oomcheck import reference
from oomcheck.analysis.components import Stopped
from oomcheck.analysis.graph import RunGraph
from oomcheck.analysis.lassos import Lasso
from oomcheck.analysis.longest import Greatest, Unbounded
from oomcheck.explicit import PLAIN, Explicit
from oomcheck.ir.expr import FALSE, Expr
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import Not
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Fairness, Liveness, Response
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits, Progress, Witness
from oomcheck.semantics.budget import Budget
from oomcheck.semantics.evident import assumed, is_about_runs
from oomcheck.semantics.graph import survey as survey_reference
from oomcheck.semantics.nested import Outcome
from oomcheck.semantics.runs import every_thread, owed
from oomcheck.semantics.search import explore as explore_reference
from oomcheck.transform.enabled import some_ends
from oomcheck.transform.monitor import monitored

StopCheck = Callable[[], str]
about_runs = is_about_runs


@dataclass(frozen=True, slots=True)
class Finding:
    """What the graph shows about one property.

    `violates` tells whether `witness` is a violation; else it is a run that reaches the exact worst `value`, which
    counts only if the graph is complete. A bound without a worst value is `unbounded`. `vacuous` says why a property
    that nothing violates would hold for no reason.
    """

    witness: Witness | None = None
    violates: bool = True
    value: int | None = None
    unbounded: bool = False
    unit: str = ""
    vacuous: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """Counts of the graph, and the findings by property name; one without a finding shows nothing bad."""

    exploration: Exploration
    findings: Mapping[str, Finding]


def search_runs(
    system: TransitionSystem,
    properties: Sequence[Property],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Callable[[Progress], None] | None = None,
    explicit: Explicit | None = None,
) -> Searched:
    """Settle properties about runs of `system`, where time may pass for ever if nothing else does.

    By the reference semantics and their algorithms if `explicit` is None.

    The conditions that the properties look at are evaluated once, while the graph is made; what follows are
    algorithms on numbers.
    """
    return _Search(system, properties, limits, should_stop, progress, explicit).run()


class _Search:
    def __init__(
        self,
        system: TransitionSystem,
        properties: Sequence[Property],
        limits: Limits,
        should_stop: StopCheck | None,
        progress: Callable[[Progress], None] | None,
        explicit: Explicit | None,
    ) -> None:
        self._system = system
        self._properties = properties
        self._limits = limits
        self._should_stop = should_stop
        self._progress = progress
        self._explicit = explicit
        self._algorithms = PLAIN
        self._bits: dict[Expr, int] = {}
        self._automata: dict[str, Automaton] = {}
        self._stopped = ""
        self._budget = Budget(limits, should_stop, None)  # of the algorithms on the finished graph

    def run(self) -> Searched:
        """The graph, then each property in turn."""
        for prop in self._properties:
            self._prepare(prop)
        question = (self._system, list(self._bits), self._properties, self._limits, self._should_stop, self._progress)
        if self._explicit is None:
            found = survey_reference(*question)
        else:
            found, self._algorithms = self._explicit.survey(*question)
        self._graph: RunGraph = found.graph
        self._stopped = found.exploration.stopped
        findings: dict[str, Finding] = {}
        for prop in self._properties:
            try:
                finding = self._settle(prop)
            except Stopped as ended:
                self._stopped = self._stopped or ended.reason
                break
            if finding is not None:
                findings[prop.name] = finding
        return Searched(replace(found.exploration, stopped=self._stopped), findings)

    def _poll(self) -> None:
        """End a computation when time or memory is used up, or the caller wants to stop."""
        reason = self._budget.spent(self._graph.states, self._graph.edges, 0, 0)
        if reason:
            raise Stopped(reason)

    def _prepare(self, prop: Property) -> None:
        """Note the conditions whose truth in each state the property needs."""
        conditions: tuple[Expr, ...] = ()
        match prop.temporal:
            case Liveness(formula=formula):
                automaton = translate(Not(formula))
                self._automata[prop.name] = automaton
                conditions = automaton.atoms
            case Response(trigger=trigger, response=response):
                conditions = (trigger, response)
            case CostBound() | None:
                pass
        ends = (some_ends(self._system, item.steps) for item in assumed(self._system, prop))
        for condition in (*conditions, *(end for end in ends if end != FALSE)):
            self._bits.setdefault(condition, len(self._bits))

    def _ends(self, fairness: Sequence[Fairness]) -> list[int | None]:
        """The bits that say where a step of each assumption is a false `assume`."""
        return [self._bits.get(some_ends(self._system, item.steps)) for item in fairness]

    def _settle(self, prop: Property) -> Finding | None:
        match prop.temporal:
            case Liveness() as liveness:
                return self._liveness(prop, owed(self._system, liveness))
            case Response() as response:
                return self._response(response)
            case CostBound(name=name, limit=limit):
                weights = {step.index: sum(n for c, n in step.costs if c == name) for step in self._system.transitions}
                return _bounded(self._algorithms.greatest_cost(self._graph, weights, self._poll), limit, name)
            case None:
                return _violation(self._zeno())

    def _liveness(self, prop: Property, fairness: Sequence[Fairness]) -> Finding | None:
        found = _violation(self._lasso(self._automata[prop.name], fairness))
        if (
            found is not None
            or self._stopped
            or self._algorithms.fair_run(self._graph, fairness, self._poll, self._ends(fairness))
        ):
            return found
        return Finding(violates=False, vacuous="no run keeps all that is assumed of it: fairness, time that passes")

    def _lasso(self, automaton: Automaton, fairness: Sequence[Fairness]) -> Lasso | None:
        if self._explicit is not None:
            positions = [self._bits[atom] for atom in automaton.atoms]
            return self._algorithms.find_lasso(
                self._graph, automaton, positions, fairness, self._poll, self._ends(fairness)
            )
        return self._plain(
            reference.find_lasso(self._system, automaton, fairness, self._limits, self._should_stop, self._progress)
        )

    def _zeno(self) -> Lasso | None:
        """Threads that go on for ever while no time passes, each of them getting its turn."""
        kinds = [process.kind for process in self._system.processes]
        idle = (ProcessKind.ENV, ProcessKind.CLOCK)
        steps = {step.index for step in self._system.transitions if kinds[step.process] not in idle}
        fairness = every_thread(self._system)
        if self._explicit is not None:
            return self._algorithms.fair_cycle(self._graph, steps, fairness, self._poll, self._ends(fairness))
        return self._plain(
            reference.fair_cycle(self._system, steps, fairness, self._limits, self._should_stop, self._progress)
        )

    def _plain(self, outcome: Outcome) -> Lasso | None:
        """The lasso of a search of its own, which may have ended early."""
        self._stopped = self._stopped or outcome.stopped
        return outcome.lasso

    def _response(self, response: Response) -> Finding | None:
        bits = self._bits
        ticks = {step.index: step.ticks for step in self._system.transitions}
        trigger, answer = bits[response.trigger], bits[response.response]
        worst = self._algorithms.greatest_time(self._graph, trigger, answer, ticks, self._poll)
        finding = _bounded(worst, response.limit, "ticks")
        if finding is None or not finding.violates or response.limit is None:
            return finding
        witness = self._too_late(response, response.limit)
        # Nothing shorter within the limits: the extreme run shows it as well.
        return finding if witness is None else replace(finding, witness=witness)

    def _too_late(self, response: Response, limit: int) -> Witness | None:
        """A shortest run in which more than `limit` ticks pass before the response."""
        watched = monitored(self._system, response.trigger, response.response, limit)
        late = Property("late", Kind.NEVER, watched.late)
        explore = explore_reference if self._explicit is None else self._explicit.explore
        return explore(watched.system, [late], self._limits, self._should_stop).witnesses.get("late")


def _violation(lasso: Lasso | None) -> Finding | None:
    return None if lasso is None else Finding(Witness(lasso.stem, loop=lasso.loop))


def _bounded(worst: Greatest | Unbounded | None, limit: int | None, unit: str) -> Finding | None:
    """What the worst case means for a limit; None if nothing was ever asked."""
    match worst:
        case None:
            return None
        case Unbounded(stem=stem, loop=loop):
            return Finding(Witness(stem, loop=loop), unbounded=True, unit=unit)
        case Greatest(value=value, path=path):
            return Finding(Witness(path), limit is not None and value > limit, value, unit=unit)
