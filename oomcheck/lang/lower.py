"""From the typed model to the transition system: instances unrolled, steps joined, counters numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from oomcheck.ir.expr import FALSE, Expr, Index, Lit, Var, add, and_, binary, eq, exists, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort, IntSort
from oomcheck.ir.system import (
    Fault,
    Location,
    LockInfo,
    Observable,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
    View,
)
from oomcheck.lang import model as m
from oomcheck.lang.calls import expressions_of, statements_of
from oomcheck.lang.constants import Constants, is_register, read_registers
from oomcheck.lang.costs import show_waits
from oomcheck.lang.derived import Derived, ThreadMap
from oomcheck.lang.elaborate import Elaborated, too_deep
from oomcheck.lang.flow import Flow
from oomcheck.lang.fold import Folded, fold
from oomcheck.lang.layout import Layout
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.lang.needs import Need
from oomcheck.lang.points import Points
from oomcheck.lang.pure import Bound, Pure
from oomcheck.lang.quantifiers import untangled
from oomcheck.lang.registers import Registers
from oomcheck.lang.scope import Constant
from oomcheck.lang.thread_stmt import ThreadStmt
from oomcheck.lang.ticks import Ticks
from oomcheck.lang.types import INT_MAX, INT_MIN, BoolType, EnumType, FlagsType, IntType, ObjectType, sort_of
from oomcheck.lang.written import drop_settled_bits
from oomcheck.objects.base import TICKS, Check, EdgeKind
from oomcheck.objects.freezer import task_views
from oomcheck.objects.table import KINDS, OPERATIONS
from oomcheck.objects.timer import fire
from oomcheck.records import dataclass

#: Values of quantified names, or the variables that stand for them.
Fixing = Mapping[m.Fixed, int | Bound]


@dataclass(frozen=True)
class Lowered:
    """A transition system with what is needed to lower properties of its model."""

    system: TransitionSystem
    elaborated: Elaborated
    layout: Layout
    derived: Derived
    constants: Constants
    ticks: Ticks
    mode: Mode

    def formula(self, expr: m.TExpr, fixed: Fixing | None = None) -> tuple[Expr, list[Need]]:
        """A typed expression over the states of the system, and what it needs to have a meaning."""
        known = {name: value for name, value in (fixed or {}).items() if isinstance(value, int)}
        bound = {name: value for name, value in (fixed or {}).items() if isinstance(value, Bound)}
        value, needs = Pure(self.layout, fixed=known, bound=bound).pure(expr)
        return self.finish(value), [replace(need, ok=self.finish(need.ok)) for need in needs]

    def finish(self, expr: Expr) -> Expr:
        """Resolve conditions on program counters and fold what never changes."""
        folded = self.ticks.fold(self.constants.fold(self.derived.resolve(expr)))
        return untangled(folded) if self.layout.parametric else folded

    def bound(self, expr: m.QuantifyRange, fixed: Fixing) -> Bound:
        """What stands for the name of a quantifier up to an open size, below names that are fixed around it."""
        bound = {name: value for name, value in fixed.items() if isinstance(value, Bound)}
        return Pure(self.layout, bound=bound).bind(expr)


def lower(elaborated: Elaborated, mode: Mode = UNTIMED) -> Lowered:
    """The transition system of a typed model, read as `mode` says."""
    try:
        return _lower(elaborated, mode)
    except RecursionError:
        raise too_deep(elaborated.files) from None


def _lower(elaborated: Elaborated, mode: Mode) -> Lowered:
    model = elaborated.model
    layout = Layout(model, mode)
    points = Points()
    counted = _counts_preemption(model)
    threads = [_Thread(layout, number, points, counted) for number in range(len(model.instances))]
    derived = Derived([thread.map for thread in threads], layout)
    return _Assembly(elaborated, mode, layout, threads, derived, points).run()


def _counts_preemption(model: m.Model) -> bool:
    """Whether any thread takes spinlocks or opens RCU sections."""
    for body in (*(f.body for f in model.functions), *(t.body for t in model.templates)):
        if any(isinstance(stmt, m.SRcu) for stmt in statements_of(body)):
            return True
        for expr in expressions_of(body):
            if isinstance(expr, m.CallOperation) and OPERATIONS[expr.operation].kind in ("spinlock", "rcu"):
                return True
    return False


class _Thread:
    """One instance: its flow, folded into steps."""

    def __init__(self, layout: Layout, number: int, points: Points, counted: bool) -> None:
        self.layout = layout
        self.instance = layout.model.instances[number]
        self.span = next((t.span for t in layout.model.templates if t.name == self.instance.template), None)
        self.registers = Registers(self.instance.name, number, self._own_locals())
        depth = IntSort(0, INT_MAX if layout.parametric else 255)
        preempt = self.registers.special("preempt", depth) if counted else None
        softirq = self.instance.kind == "softirq"
        self._drawer = ThreadStmt(layout, number, self.registers, preempt, softirq, points)
        self._draw()
        self.flow: Flow = self._drawer.flow
        points.classify(self.flow)
        show_waits(self.flow)
        drop_settled_bits(self.flow, self.registers.bits)
        self.folded: Folded = fold(self.flow, self.registers.variables.keys())
        points.started(self.folded.passed)
        self.map = ThreadMap(self.instance.name, self.flow, self.folded)

    def _own_locals(self) -> frozenset[m.LocalVar]:
        """Locals declared in the body of the thread itself."""
        found: set[m.LocalVar] = set()
        for template in self.layout.model.templates:
            if template.name == self.instance.template:
                for stmt in statements_of(template.body):
                    if isinstance(stmt, m.SBlock):
                        found.update(stmt.locals)
                    elif isinstance(stmt, m.SFor):
                        found.add(stmt.variable)
        return frozenset(found)

    def _draw(self) -> None:
        if self.instance.kind == "softirq":
            self._softirq()
            return
        drawer = self._drawer
        template = next(t for t in self.layout.model.templates if t.name == self.instance.template)
        if template.where is not None:
            drawer.pure.fixed[template.where] = self.instance.process
        drawer.source = template.source
        drawer.thread(template.body, template.name)
        drawer.action = replace(drawer.describe(template.span), text=f"{self.instance.name} ends")
        drawer.flow.exit = drawer.node()
        drawer.edge(drawer.here, drawer.flow.exit, checks=self._exit_checks(), kind=EdgeKind.FREE)

    def _softirq(self) -> None:
        """Waits for its timer, runs the handler, and waits again."""
        drawer, instance = self._drawer, self.instance
        function = self.layout.model.function(instance.template)
        assert instance.timer is not None
        timer = self.layout.element(self.layout.model.storage(instance.timer[0]), instance.timer[1])
        drawer.source = function.source
        drawer.action = replace(drawer.describe(function.span), text=f"{timer.text} expires")
        start = drawer.here
        fire(drawer, timer)
        if function.formals:
            formal = function.formals[0]
            assert isinstance(formal, m.LocalVar)
            assert instance.argument is not None
            sort = sort_of(formal.type, self.layout.model.referents)
            drawer.write_local(formal, Lit(instance.argument, sort))
        drawer.enter_region(function.name)
        drawer.thread(function.body, function.name)
        drawer.free(drawer.resets([f for f in function.formals if isinstance(f, m.LocalVar)]), self._exit_checks())
        drawer.goto(start)
        drawer.flow.exit = drawer.node()

    def _exit_checks(self) -> list[Check]:
        """No lock that this thread ever takes is held at its end."""
        checks: list[Check] = []
        number = self._drawer.me
        for key in sorted(self._drawer.locks):
            storage = self.layout.model.storage(key)
            if storage.extent is not None:
                held_one = held_somewhere(self.layout, storage, number)
                message = f"{self.instance.name} ends while it holds one of {storage.names[0]}"
                checks.append(Check("lockdep", not_(held_one), message))
                continue
            for element in range(storage.size):
                ref = self.layout.element(storage, element)
                held = KINDS[ref.kind].held
                assert held is not None
                message = f"{self.instance.name} ends while it holds {ref.text}"
                checks.append(Check("lockdep", not_(held(ref, number)), message))
        preempt = self._drawer.facts.preempt
        if preempt is not None:
            from_sections = eq(preempt, Lit(0, IntSort(0, 255)))
            checks.append(
                Check("lockdep", from_sections, f"{self.instance.name} ends inside a spinlock or RCU section")
            )
        return checks


class _Assembly:
    """Puts the threads together and gives everything its final number."""

    def __init__(
        self,
        elaborated: Elaborated,
        mode: Mode,
        layout: Layout,
        threads: list[_Thread],
        derived: Derived,
        points: Points,
    ) -> None:
        self._elaborated = elaborated
        self._mode = mode
        self._layout = layout
        self._threads = threads
        self._derived = derived
        self._points = points

    def run(self) -> Lowered:
        """The whole system."""
        model = self._elaborated.model
        transitions, faults = self._steps()
        variables = [*self._layout.variables.values()]
        for number, thread in enumerate(self._threads):
            variables.append(_counter(thread, number))
            first = dict(thread.folded.first)
            variables.extend(
                replace(v, init=(first.get(v.name, v.init[0]),)) for v in thread.registers.variables.values()
            )
        transitions = [self._derived.transition(t) for t in transitions]
        faults = [replace(f, guard=self._derived.resolve(f.guard)) for f in faults]
        constants = Constants(variables, transitions, faults)
        transitions = [folded for t in transitions if (folded := constants.transition(t)).guard != FALSE]
        faults = [replace(f, guard=constants.fold(f.guard)) for f in faults]
        known = {v.name: v for v in constants.variables()}
        kept = read_registers(known, transitions, faults)
        spans = {v.name: thread.span for thread in self._threads for v in thread.registers.variables.values()}
        ticks = Ticks([v for v in known.values() if v.name in kept], transitions, spans)
        transitions = [ticks.transition(_only(t, kept)) for t in transitions]
        faults = [ticks.fault(f) for f in faults]
        system = TransitionSystem(
            model.name,
            tuple(ticks.variable(v) for v in known.values() if v.name in kept),
            tuple(self._process(thread, number) for number, thread in enumerate(self._threads)),
            tuple(replace(t, index=i) for i, t in enumerate(transitions)),
            tuple(replace(f, index=i) for i, f in enumerate(f for f in faults if f.guard != FALSE)),
            params=tuple((p.name, show_param(p)) for p in model.params),
            chosen=tuple(p.name for p in model.params if p.open or p.value != p.default),
            points=self._points.cover_points(),
            digest=model.digest,
            timed=self._mode.timed,
            hz=_hertz(self._elaborated),
        )
        lowered = Lowered(system, self._elaborated, self._layout, self._derived, constants, ticks, self._mode)
        processes = tuple(self._patient(lowered, number) for number in range(len(self._threads)))
        system = replace(system, processes=processes, locks=self._locks(lowered))
        lowered = replace(lowered, system=system)
        return replace(lowered, system=replace(system, observables=self._views(lowered)))

    def _pauses(self, lowered: Lowered) -> Iterator[Observable]:
        """Who waits for time to pass."""
        for number, thread in enumerate(self._threads):
            stops: dict[tuple[str, Var], set[int]] = {}
            for stop, wait in thread.flow.waits.items():
                stops.setdefault(wait, set()).add(stop)
            for (what, left), places in stops.items():
                running = and_(thread.map.among(places), binary(Op.LT, Lit(0, TICKS), left))
                yield _observable(lowered, View.WAITS, f"in {what}", running, number, left)

    def _patient(self, lowered: Lowered, number: int) -> Process:
        """A process that knows where it is busy."""
        process, thread = lowered.system.processes[number], self._threads[number]
        locations = tuple(
            replace(place, patience=lowered.finish(thread.flow.patience.get(stop, FALSE)))
            for stop, place in zip(thread.folded.stops, process.locations, strict=True)
        )
        return replace(process, locations=locations)

    def _steps(self) -> tuple[list[Transition], list[Fault]]:
        transitions: list[Transition] = []
        faults: list[Fault] = []
        for number, thread in enumerate(self._threads):
            position = thread.map.position
            for step in sorted(thread.folded.steps, key=lambda s: position[s.origin]):
                transitions.append(
                    Transition(
                        0,
                        number,
                        position[step.origin],
                        position[step.target],
                        step.guard,
                        step.updates,
                        step.actions,
                        step.main,
                        step.accesses,
                        step.acquire,
                        step.covers,
                        step.costs,
                    )
                )
            for misuse in thread.folded.faults:
                check = misuse.check
                origin = position[misuse.origin]
                faults.append(
                    Fault(0, number, origin, misuse.guard, check.sanitizer, check.message, misuse.action, check.halts)
                )
        return transitions, faults

    def _process(self, thread: _Thread, number: int) -> Process:
        instance, model = thread.instance, self._elaborated.model
        return Process(
            instance.name,
            ProcessKind(instance.kind),
            model.groups[instance.group] if instance.group < len(model.groups) else instance.name,
            thread.map.pc,
            tuple(_location(thread, stop) for stop in thread.folded.stops),
            thread.map.position.get(thread.flow.exit),
            instance.daemon,
            instance.fairness,
            _slack(instance, self._mode),
            thread.span,
        )

    def _locks(self, lowered: Lowered) -> tuple[LockInfo, ...]:
        found: list[LockInfo] = []
        for storage in self._elaborated.model.storages:
            if storage.key in self._layout.lock_bases and storage.extent is not None:
                assert isinstance(storage.type, ObjectType)
                processes = range(len(self._threads))
                holders = tuple(lowered.finish(held_somewhere(self._layout, storage, p)) for p in processes)
                found += [LockInfo(_class_name(storage), holders, KINDS[storage.type.kind].spins)] * len(processes)
            elif storage.key in self._layout.lock_bases:
                for element in range(storage.size):
                    ref = self._layout.element(storage, element)
                    held = KINDS[ref.kind].held
                    assert held is not None
                    holders = tuple(lowered.finish(held(ref, p)) for p in range(len(self._threads)))
                    found.append(LockInfo(ref.text, holders, KINDS[ref.kind].spins))
        return tuple(found)

    def _views(self, lowered: Lowered) -> tuple[Observable, ...]:
        found: list[Observable] = []
        names = self._layout.processes
        for storage in self._elaborated.model.storages:
            if isinstance(storage.type, FlagsType) or not isinstance(storage.type, ObjectType):
                continue
            views = KINDS[storage.type.kind].views if storage.extent is None else None
            for element in range(storage.size if views else 0):
                assert views is not None
                ref = self._layout.element(storage, element)
                left = ref.at("left") if ref.kind == "timer" and self._mode.timed else None
                for view, text, condition, process in views(ref, names):
                    found.append(_observable(lowered, view, text, condition, process, left))
        for view, text, condition, process in task_views(Pure(self._layout).facts(), names):
            found.append(Observable(view, text, lowered.finish(condition), process))
        for number, lock in enumerate(lowered.system.locks):
            for process in range(len(names)):
                blocked = self._derived.blocked(process, number)
                found.append(Observable(View.WAITS, lock.name, lowered.finish(blocked), process))
        found.extend([*self._pauses(lowered), *_deadlines(lowered.system)])
        return tuple(o for o in found if o.condition != FALSE)


def held_somewhere(layout: Layout, storage: m.Storage, process: int) -> Expr:
    """The process holds a lock of an array whose size is open."""
    assert storage.extent is not None
    assert isinstance(storage.type, ObjectType)
    zero, one = Lit(0, IntSort(INT_MIN, INT_MAX)), Lit(1, IntSort(INT_MIN, INT_MAX))
    unit = Var(f"?#{storage.key}", storage.extent.var.sort)
    held = KINDS[storage.type.kind].held
    assert held is not None
    first = binary(Op.MUL, unit, Lit(storage.size, TICKS))
    some = (held(layout.object(storage, add(first, Lit(i, TICKS)), ""), process) for i in range(storage.size))
    return exists(unit, zero, binary(Op.SUB, storage.extent.var, one), or_(*some))


def _class_name(storage: m.Storage) -> str:
    """What reports call the locks of an array whose size is open."""
    return storage.names[0] if storage.size == 1 else f"{storage.names[0]} and others"


def _observable(
    lowered: Lowered, view: View, text: str, condition: Expr, process: int | None, left: Expr | None
) -> Observable:
    """A fact, with the ticks that are left of it if they are counted."""
    if left is None:
        return Observable(view, text, lowered.finish(condition), process)
    return Observable(view, f"{text}, # ticks left", lowered.finish(condition), process, lowered.finish(left))


def _deadlines(system: TransitionSystem) -> Iterator[Observable]:
    """Deadlines that have not passed."""
    for variable in system.variables:
        if variable.countdown and variable.role is not Role.OBJECT and not is_register(variable):
            is_array = isinstance(variable.sort, ArraySort)
            for element, name in enumerate(variable.names):
                left = Index(variable.var, Lit(element, TICKS)) if is_array else variable.var
                count = binary(Op.SUB, left, Lit(1, TICKS))
                text = f"deadline {name}, # ticks left"
                yield Observable(View.TIMER, text, binary(Op.LT, Lit(0, TICKS), left), None, count)


def _slack(instance: m.Instance, mode: Mode) -> int | None:
    """Ticks that the thread may be late: a handler runs at once, an environment when it likes."""
    match instance.kind:
        case "softirq":
            return 0
        case "env":
            return None
        case _:
            return instance.slack if instance.any_slack or instance.slack is not None else mode.slack


def _hertz(elaborated: Elaborated) -> int:
    """Ticks in a second: the value of a constant or parameter HZ, else 0."""
    symbol = elaborated.globals.names.get("HZ")
    if not isinstance(symbol, Constant) or not isinstance(symbol.type, IntType):
        return 0
    return max(symbol.value or 0, 0)


def _only(transition: Transition, kept: set[str]) -> Transition:
    """A step without updates of dropped registers."""
    updates = tuple(
        u for u in transition.updates if (u.target.array if isinstance(u.target, Index) else u.target).name in kept
    )
    return replace(transition, updates=updates)


def _counter(thread: _Thread, number: int) -> StateVar:
    """The program counter of a thread."""
    sort = thread.map.sort
    assert isinstance(sort, EnumSort)
    init = (thread.map.position[thread.folded.entry],)
    return StateVar(thread.map.pc, sort, init, Role.PC, (thread.map.pc,), number, quiet=True)


def _location(thread: _Thread, stop: int) -> Location:
    """A stop in words: its label, or what happens next there."""
    label = next((name for name, nodes in thread.flow.labels.items() if stop in nodes), "")
    action = next((s.actions[s.main] for s in thread.folded.steps if s.origin == stop), None)
    if action is None or action.span is None:
        return Location(label or "end")
    name = label or f"line {action.span.line}: {action.text}"
    return Location(name, action.span, action.source)


def show_param(param: m.Param) -> str:
    """A parameter's value as the user writes it."""
    if param.value is None:
        return "any" if param.open else "?"
    match param.type:
        case EnumType(members=members):
            return members[param.value]
        case BoolType():
            return "true" if param.value else "false"
        case _:
            return str(param.value)
