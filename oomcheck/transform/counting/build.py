"""The counted system: globals as they are, and one counter for each local state.

At the start there is nobody. Members are added one by one, then the family starts and everybody else with it; so the
system stands for every number of members at once, and the number is that of the steps that added one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.ir.expr import FALSE, TRUE, Expr, Lit, Var, add, and_, binary, eq, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, EnumSort
from oomcheck.ir.system import (
    Action,
    Fault,
    Location,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
    Update,
)
from oomcheck.prop.property import Kind, Property
from oomcheck.transform.counting.cases import Case, beside, known_slot, lookup_of
from oomcheck.transform.counting.counted import GATHERING, RUNNING, Counted, Refused
from oomcheck.transform.counting.counters import NUMBER, Names, Reading, at_least, number
from oomcheck.transform.counting.explore import Exploration
from oomcheck.transform.counting.family import Family, Local, NotCountableError, family_of
from oomcheck.transform.counting.partial import partial_slot
from oomcheck.transform.counting.rules import condition, faults_of, steps_of
from oomcheck.transform.counting.words import local_words
from oomcheck.transform.focus import mapped_property


def counted(system: TransitionSystem, properties: Sequence[Property], name: str, least: int = 1) -> Counted | Refused:
    """Count the processes `name[0]`, `name[1]`, ... of a system with three of them or more; at least `least` start.

    The fewer local states the better: slice and reset before. `properties` must be about states. What is true of one
    size is read as a rule for all; `uniform.counted_family` compares sizes, and verdicts must rest on that.
    """
    try:
        family = family_of(system, properties, name)
        exploration = Exploration(family, list(steps_of(family)), list(faults_of(family, system.faults)))
        return _Builder(family, exploration, least).counted(properties)
    except NotCountableError as failure:
        return Refused(str(failure))


class _Builder:
    def __init__(self, family: Family, exploration: Exploration, least: int) -> None:
        self._family, self._exploration, self._least = family, exploration, least
        system = family.system
        self._others = [n for n in range(len(system.processes)) if n not in family.members]
        self._shared = {slot: self._global(slot) for slot in family.shared}
        self._counters = {local: self._counter(k, local) for k, local in enumerate(exploration.locals)}
        self._names = Names(
            {slot: variable.var for slot, variable in self._shared.items()},
            {local: variable.var for local, variable in self._counters.items()},
        )
        self._pc = EnumSort(f"pc({family.name}[*])", ("gathering", "running"))
        self._running = eq(Var(self._pc.name, self._pc), Lit(RUNNING, self._pc))
        self._sources: dict[int, int] = {}

    def counted(self, properties: Sequence[Property]) -> Counted:
        """The whole."""
        transitions, faults = self._transitions(), self._faults()
        system = self._family.system
        new = TransitionSystem(
            system.name,
            (*self._shared.values(), *self._counters.values(), self._own_pc()),
            tuple(self._processes()),
            tuple(transitions),
            tuple(faults),
            params=system.params,
            chosen=system.chosen,
            digest=system.digest,
        )
        changed = tuple(map(self._property, properties))
        return Counted(
            new,
            changed,
            self._family,
            self._names.counters,
            self._exploration.together,
            self._pc.name,
            transitions[0].index,
            self._sources,
        )

    # ------------------------------------------------------------ variables and processes

    def _global(self, slot: int) -> StateVar:
        variable, element = self._family.system.slots[slot]
        is_array = isinstance(variable.sort, ArraySort)
        name = f"{variable.name}[{element}]" if is_array else variable.name
        start = self._family.project(self._family.system.initial)[0][self._family.shared.index(slot)]
        process = None if variable.owner is None else self._others.index(variable.owner)
        sort = self._family.system.slot_sorts[slot]
        names = (variable.names[element],)
        return StateVar(name, sort, (start,), variable.role, names, process, span=variable.span)

    def _counter(self, position: int, local: Local) -> StateVar:
        name = f"count({self._family.name}, {position})"
        return StateVar(name, NUMBER, (0,), Role.OBJECT, (local_words(self._family, local),))

    def _own_pc(self) -> StateVar:
        name = self._pc.name
        return StateVar(name, self._pc, (GATHERING,), Role.PC, (name,), owner=len(self._others))

    def _processes(self) -> Iterator[Process]:
        system = self._family.system
        for old in self._others:
            yield system.processes[old]
        places = (Location("gathering"), Location("running"))
        group = system.processes[self._family.members[0]].group
        yield Process(f"{self._family.name}[*]", ProcessKind.THREAD, group, self._pc.name, places, None, daemon=True)

    # ------------------------------------------------------------ steps and faults

    def _transitions(self) -> list[Transition]:
        found = [*self._start()]
        seen: set[object] = set()
        for case in self._exploration.cases:
            if not isinstance(case.rule.source, Transition):
                continue
            step = self._step(case, case.rule.source, len(found))
            key = (step.process, step.origin, step.target, step.guard, step.updates)
            if step.guard != FALSE and key not in seen:
                seen.add(key)
                self._sources[step.index] = case.rule.source.index
                found.append(step)
        return found

    def _start(self) -> Iterator[Transition]:
        """Somebody comes; all start."""
        first = self._family.project(self._family.system.initial)[1][0]
        counter, me = self._names.counters[first], len(self._others)
        one_more = Update(counter, add(counter, number(1)))
        yield Transition(0, me, GATHERING, GATHERING, TRUE, (one_more,), (Action("one more thread"),))
        enough = at_least(self._names, first, self._least)
        yield Transition(1, me, GATHERING, RUNNING, enough, (), (Action("all start"),))

    def _step(self, case: Case, source: Transition, index: int) -> Transition:
        reading = Reading(self._family, self._names, case)
        writes = self._writes(case)
        inside = [
            eq(reading(value), Lit(self._new_value(case, slot), self._family.system.slot_sorts[slot]))
            for slot, value in writes.items()
            if self._family.owner[slot] is not None
        ]
        guard = and_(self._here(case), reading(case.rule.guard), *inside, *self._absent(case))
        updates = [*self._globals(case, writes, reading), *self._moves(case)]
        process, origin, target = self._place(source.process), source.origin, source.target
        if process == len(self._others):
            origin = target = RUNNING
        else:
            guard = and_(self._running, guard)
        actions, covers = source.actions, source.covers
        return Transition(index, process, origin, target, guard, tuple(updates), actions, source.main, covers=covers)

    def _place(self, process: int) -> int:
        """The process of a step in the counted system; all members are its last one."""
        return len(self._others) if process in self._family.members else self._others.index(process)

    def _here(self, case: Case) -> Expr:
        """Globals are as the case knows them, and there are members for it."""
        known = [eq(self._names.shared[slot], self._literal(slot, value)) for slot, value in case.known]
        many = [at_least(self._names, local, times) for local, times in Counter(case.before).items()]
        return and_(*known, *many)

    def _literal(self, slot: int, value: int) -> Lit:
        return Lit(value, self._family.system.slot_sorts[slot])

    def _writes(self, case: Case) -> dict[int, Expr]:
        """What is written to global slots and those of subjects: the last value of each."""
        reading = _known(self._family, case)
        found: dict[int, Expr] = {}
        for update in case.rule.updates:
            slot = partial_slot(self._family.system, update.target, reading)
            slot = known_slot(self._family, slot)
            member = None if slot < 0 else self._family.owner[slot]
            if slot >= 0 and (member is None or member in case.subjects):
                found[slot] = update.value
        return found

    def _new_value(self, case: Case, slot: int) -> int:
        """What a slot of a subject has after a case, by its real name."""
        position, member = self._family.place(slot)
        return self._family.real(slot, case.after[case.subjects.index(member)][position], member)

    def _globals(self, case: Case, writes: Mapping[int, Expr], reading: Reading) -> Iterator[Update]:
        for slot, value in writes.items():
            if self._family.owner[slot] is None:
                new = reading(value)
                if slot in self._family.bit:
                    if not isinstance(new, Lit):
                        raise NotCountableError(f"what `{self._family.system.slot_names[slot]}` gets is not known")
                    member = self._family.named[slot].get(new.value)
                    new = self._literal(slot, self._family.normal(slot, new.value, member or 0))
                yield Update(self._names.shared[slot], new)

    def _moves(self, case: Case) -> Iterator[Update]:
        """Counters after a case: subjects leave and arrive, and the others may all move."""
        left, arrived = Counter(case.before), Counter(case.after)
        sources: dict[Local, list[Local]] = {}
        for local in self._names.counters:
            sources.setdefault(beside(self._family, case, local), []).append(local)
        for local, counter in self._names.counters.items():
            came = sources.get(local, [])
            new: Expr = counter if local in came else number(0)
            for other in came:
                new = new if other == local else add(new, self._names.counters[other])
            new = _plus(new, arrived[local] - sum(left[other] for other in came))
            if new != counter:
                yield Update(counter, new)

    def _absent(self, case: Case) -> Iterator[Expr]:
        """That nobody else is in a local state that was never found beside a case: it would lead to an unknown one."""
        subjects = Counter(case.before)
        for local, counter in self._names.counters.items():
            if beside(self._family, case, local) not in self._names.counters:
                yield binary(Op.LE, counter, number(subjects[local]))

    def _faults(self) -> Iterator[Fault]:
        seen: set[Fault] = set()
        for case in self._exploration.cases:
            fault = case.rule.source
            if not isinstance(fault, Fault):
                continue
            guard = and_(self._here(case), Reading(self._family, self._names, case)(case.rule.guard))
            process, origin = self._place(fault.process), fault.origin
            if process == len(self._others):
                origin = RUNNING
            else:
                guard = and_(self._running, guard)
            new = replace(fault, process=process, origin=origin, guard=guard)
            if guard != FALSE and new not in seen:
                seen.add(new)
                yield new

    def _property(self, prop: Property) -> Property:
        """A property of the states where all have started; before, nothing decides it."""
        found = mapped_property(replace(prop, conjuncts=()), self._condition)
        gathering = not_(self._running)
        occurs = [replace(part, formula=and_(self._running, part.formula)) for part in found.antecedents]
        never = prop.kind is Kind.NEVER
        formula = and_(self._running, found.formula) if never else or_(gathering, found.formula)
        return replace(found, formula=formula, defined=or_(gathering, found.defined), antecedents=tuple(occurs))

    def _condition(self, formula: Expr) -> Expr:
        """A condition on states in the counted system."""
        rule = condition(self._family, formula)
        cases = list(self._exploration.cases_of(rule))
        return or_(*(and_(self._here(case), Reading(self._family, self._names, case)(formula)) for case in cases))


def _known(family: Family, case: Case) -> Callable[[int], int | None]:
    return lookup_of(family, dict(case.known), case.subjects, case.holders, case.before)


def _plus(term: Expr, by: int) -> Expr:
    return binary(Op.SUB, term, number(-by)) if by < 0 else binary(Op.ADD, term, number(by))
