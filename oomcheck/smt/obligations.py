"""What must be shown for a proof to be one, as SMT-LIB scripts that any solver can answer; each answer must be unsat.

Nothing of Z3 is used here: the scripts depend on the system, the property and the conjuncts alone, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from oomcheck.ir.expr import Expr, Index, Lit, Quantified, Var, and_, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, bounds, scalar_of
from oomcheck.ir.system import Role, StateVar, Transition, TransitionSystem
from oomcheck.ir.walk import parts
from oomcheck.lang.notation import notations
from oomcheck.records import dataclass
from oomcheck.smt import smtlib
from oomcheck.smt.outcome import Proof, Question
from oomcheck.smt.sheet import Frame, Sheet
from oomcheck.smt.smtlib import Writer, as_string, comment, junction

LINEAR: Final = frozenset({Op.MUL, Op.DIV, Op.MOD})  # operators for which QF_LIA may be too weak
FILES: Final = frozenset({"initiation.smt2", "consecution.smt2", "safety.smt2", "base.smt2", "step.smt2"})


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing to show. `text` stands alone, check-sat included; `body` is what tells it from others of its script."""

    name: str
    text: str
    body: str


@dataclass(frozen=True, slots=True)
class Script:
    """A file: what its obligations share, and each of them between a push and a pop."""

    file: str
    prelude: str
    obligations: tuple[Obligation, ...]

    @property
    def text(self) -> str:
        """The whole file; before each answer stands the name of its obligation."""
        each = (f"(echo {as_string(o.name)})\n(push 1)\n{o.body}(check-sat)\n(pop 1)\n" for o in self.obligations)
        return "\n".join([self.prelude, *each])


def obligations(question: Question, proof: Proof, claim: str = "") -> tuple[Obligation, ...]:
    """All that must be shown for `proof` to answer `question`; `claim` is the property in words."""
    return tuple(o for script in scripts(question, proof, claim) for o in script.obligations)


def scripts(question: Question, proof: Proof, claim: str = "") -> tuple[Script, ...]:
    """The obligations by file."""
    drawing = _Drawing(question, proof, claim)
    if proof.k == 1:
        return drawing.initiation(), drawing.consecution(), drawing.safety()
    return drawing.base(), drawing.step()


class _Drawing:
    """Draws the scripts of one proof."""

    def __init__(self, question: Question, proof: Proof, claim: str) -> None:
        self._system = question.system
        self._bad = question.bad
        self._proof = proof
        self._claim = claim
        self._words = notations(question.system, proof.conjuncts)
        self._state = [v for v in self._system.variables if v.role is not Role.PARAM]
        _check_names(self._system)

    # ------------------------------------------------------------ with k = 1

    def initiation(self) -> Script:
        """Each conjunct holds in the initial state."""
        prelude = Sheet(self._system)
        prelude.add(*self._parameters())
        frame = self._frame("")
        for variable in self._state:
            prelude.add(*_first_values(variable, frame))
        found = []
        for number, conjunct in enumerate(self._proof.conjuncts, start=1):
            sheet = Sheet(self._system)
            writer = sheet.writer(frame, "=")
            refuted = f"(assert (not {writer.denied(conjunct)}))"
            sheet.add(refuted)
            sheet.instances()
            for variable in self._state:
                sheet.add(*_first_elements(variable, frame, writer))
            found.append((f"initiation of conjunct {number}", sheet.lines))
        return self._script("initiation.smt2", "each conjunct holds initially", prelude.lines, found)

    def consecution(self) -> Script:
        """Each step keeps all conjuncts; those that read nothing that it writes stay as they are."""
        prelude, shared, frame = self._assumed()
        found = [(self._step_name(t), self._kept(t, frame, shared)) for t in self._system.transitions]
        return self._script("consecution.smt2", "each step keeps the conjuncts", prelude.lines, found)

    def _kept(self, transition: Transition, frame: Frame, shared: Writer) -> list[str]:
        sheet = Sheet(self._system)
        now = sheet.writer(frame, "=now")
        guard = now.asserted(self._system.full_guard(transition))
        sheet.add(f"(assert {guard})")
        effect = self._effect(transition, now)
        after = dict(frame)
        for variable in self._state:
            if variable.name in effect:
                marked = smtlib.slot_names(variable, "'")
                changed = effect[variable.name]
                sort = smtlib.sort_text(variable)
                sheet.add(*(f"(define-fun {marked[s]} () {sort} {text})" for s, text in sorted(changed.items())))
                after[variable.name] = tuple(
                    marked[s] if s in changed else old for s, old in enumerate(frame[variable.name])
                )
        then = sheet.writer(after, "=then")
        claims = [then.denied(c) for c in self._proof.conjuncts if not _reads(c).isdisjoint(effect)]
        sheet.add(f"(assert (not {junction('and', claims)}))")
        sheet.instances([shared])
        return sheet.lines

    def safety(self) -> Script:
        """Where all conjuncts hold the state is not bad."""
        prelude, shared, frame = self._assumed()
        sheet = Sheet(self._system)
        bad = sheet.writer(frame, "=now").asserted(self._bad)
        sheet.add(f"(assert {bad})")
        sheet.instances([shared])
        return self._script("safety.smt2", "the conjuncts exclude bad states", prelude.lines, [("safety", sheet.lines)])

    def _assumed(self) -> tuple[Sheet, Writer, Frame]:
        """A state in which all conjuncts hold."""
        prelude = Sheet(self._system)
        frame = self._frame("")
        prelude.add(*self._parameters(), *self._declared(frame))
        writer = prelude.writer(frame, "=")
        for number, conjunct in enumerate(self._proof.conjuncts, start=1):
            text, name = writer.asserted(conjunct), smtlib.quoted(f"conjunct {number}")
            prelude.add(f"(define-fun {name} () Bool {text})", f"(assert {name})")
        return prelude, writer, frame

    # ------------------------------------------------------------ with a larger k

    def base(self) -> Script:
        """No state up to k - 1 steps from the initial one breaks the condition."""
        k = self._proof.k
        prelude = Sheet(self._system)
        prelude.add(*self._parameters())
        frames = [self._frame(f"@{i}") for i in range(k)]
        for variable in self._state:
            prelude.add(*_first_values(variable, frames[0]))
        for frame in frames[1:]:
            prelude.add(*self._declared(frame))
        moves = [self._move(prelude, frames, i) for i in range(k - 1)]
        good = self._condition()
        found = []
        for i in range(k):
            sheet = Sheet(self._system)
            writer = sheet.writer(frames[i], "=now")
            refuted = f"(assert (not {writer.denied(good)}))"
            sheet.add(*(f"(assert {move})" for move in moves[:i]), refuted)
            sheet.instances()
            for variable in self._state:
                sheet.add(*_first_elements(variable, frames[0], writer))
            found.append((f"base after {i} steps", sheet.lines))
        return self._script("base.smt2", "the condition holds near the initial state", prelude.lines, found)

    def step(self) -> Script:
        """After k states that fulfil the condition comes another one."""
        k = self._proof.k
        prelude = Sheet(self._system)
        frames = [self._frame(f"@{i}") for i in range(k + 1)]
        prelude.add(*self._parameters())
        for frame in frames:
            prelude.add(*self._declared(frame))
        prelude.add(*(f"(assert {self._move(prelude, frames, i)})" for i in range(k)))
        if self._proof.simple_path:
            pairs = [(a, b) for number, a in enumerate(frames) for b in frames[number + 1 :]]
            prelude.add(*(f"(assert (not {self._same(a, b)}))" for a, b in pairs))
        good = self._condition()
        for i, frame in enumerate(frames[:k]):
            held = prelude.writer(frame, f"=held@{i}:").asserted(good)
            prelude.add(f"(assert {held})")
        sheet = Sheet(self._system)
        refuted = f"(assert (not {sheet.writer(frames[k], '=then').denied(good)}))"
        sheet.add(refuted)
        sheet.instances(prelude.writers)
        name = f"induction step of length {k}"
        return self._script("step.smt2", "the condition goes on", prelude.lines, [(name, sheet.lines)])

    def _condition(self) -> Expr:
        return and_(*self._proof.conjuncts, not_(self._bad))

    def _move(self, sheet: Sheet, frames: list[Frame], i: int) -> str:
        """That a step leads from frame i to the next; the number of the step taken is a constant of its own."""
        old, new = frames[i], frames[i + 1]
        writer = sheet.writer(old, f"=from@{i}:")
        chosen = smtlib.quoted(f"step@{i}")
        values: dict[str, dict[int, str]] = {}
        conditions = [f"(<= 0 {chosen})", f"(< {chosen} {len(self._system.transitions)})"]
        for transition in self._system.transitions:
            guard = writer.truth(self._system.full_guard(transition))
            conditions.append(f"(=> (= {chosen} {transition.index}) {guard})")
            for name, slots in self._effect(transition, writer).items():
                for slot, text in slots.items():
                    before = values.setdefault(name, {}).get(slot, old[name][slot])
                    values[name][slot] = f"(ite (= {chosen} {transition.index}) {text} {before})"
        for variable in self._state:
            changed = values.get(variable.name, {})
            for slot, cell in enumerate(new[variable.name]):
                conditions.append(f"(= {cell} {changed.get(slot, old[variable.name][slot])})")
        move = smtlib.quoted(f"move@{i}")
        sheet.add(f"(declare-const {chosen} Int)")
        sheet.add(f"(define-fun {move} () Bool {junction('and', conditions)})")
        return move

    def _same(self, left: Frame, right: Frame) -> str:
        pairs = [pair for v in self._state for pair in zip(left[v.name], right[v.name], strict=True)]
        return junction("and", [f"(= {a} {b})" for a, b in pairs])

    # ------------------------------------------------------------ parts of all scripts

    def _frame(self, mark: str) -> Frame:
        """The slots of a state; parameters are the same in all states."""
        return {v.name: smtlib.slot_names(v, "" if v.role is Role.PARAM else mark) for v in self._system.variables}

    def _parameters(self) -> Iterator[str]:
        for variable in self._system.parametric:
            (name,) = smtlib.slot_names(variable)
            yield f"(declare-const {name} Int)"
            yield f"(assert (<= {smtlib.integer(bounds(scalar_of(variable.sort))[0])} {name}))"

    def _declared(self, frame: Frame) -> Iterator[str]:
        for variable in self._state:
            for name in frame[variable.name]:
                yield f"(declare-const {name} {smtlib.sort_text(variable)})"

    def _effect(self, transition: Transition, writer: Writer) -> dict[str, dict[int, str]]:
        """The new values of the slots that a step may change, by variable and slot; later updates win."""
        pc = self._system.pc_var(transition.process)
        found: dict[str, dict[int, str]] = {pc.name: {0: smtlib.integer(transition.target)}}
        kinds = {v.name: scalar_of(v.sort) for v in self._state}
        for update in transition.updates:
            target = update.target
            name = target.array.name if isinstance(target, Index) else target.name
            value = smtlib.fitted(writer.term(update.value), kinds[name])
            slots = found.setdefault(name, {})
            if isinstance(target, Var):
                slots[0] = value
            else:
                _store(slots, target, value, writer)
        return found

    def _step_name(self, transition: Transition) -> str:
        process = self._system.processes[transition.process]
        place = process.locations[transition.origin].name
        note = f", {transition.action.note}" if transition.action.note else ""
        return smtlib.plain(f"consecution of {process.name}: {place}{note} (step {transition.index})")

    def _script(self, file: str, says: str, prelude: list[str], found: list[tuple[str, list[str]]]) -> Script:
        shared = "\n".join([*self._header(says), f"(set-logic {self._logic()})", *prelude, ""])
        made = []
        for name, lines in found:
            body = "".join(f"{line}\n" for line in lines)
            made.append(Obligation(name, f"{comment(name)}\n{shared}{body}(check-sat)\n", body))
        return Script(file, shared, tuple(made))

    def _header(self, says: str) -> Iterator[str]:
        system, proof = self._system, self._proof
        kind = "" if proof.k == 1 else f" ({proof.k}-induction{', simple paths' * proof.simple_path})"
        yield comment(f"Obligation of an inductive proof{kind}: {says}. Every answer must be unsat.")
        yield comment(f"model {system.name}, digest {system.digest or 'none'}")
        for name, value in system.params:
            yield comment(f"parameter {name} = {value}")
        if self._claim:
            yield comment(f"property {self._claim}")
        for number, words in enumerate(self._words, start=1):
            yield comment(f"conjunct {number}: {words}")

    def _logic(self) -> str:
        """QF_LIA where that is surely enough."""
        if self._system.parametric or any(smtlib.is_array(v) for v in self._state):
            return "ALL"
        wanted = [*self._proof.conjuncts, self._bad]
        for t in self._system.transitions:
            wanted += [t.guard, *(u.value for u in t.updates), *(u.target for u in t.updates)]
        nodes = parts(wanted)
        hard = any(isinstance(n, Quantified) or getattr(n, "op", None) in LINEAR for n in nodes)
        return "ALL" if hard else "QF_LIA"


def _check_names(system: TransitionSystem) -> None:
    """No two slots have one name, and none has that of another one after a step or of a definition."""
    names = [name for variable in system.variables for name in smtlib.slot_names(variable)]
    taken = set(names) | {name for variable in system.variables for name in smtlib.slot_names(variable, "'")}
    assert len(taken) == 2 * len(names), "two slots have one name"
    assert not any(name.startswith(("|=", "|?", "|conjunct ", "|step@", "|move@")) for name in names), names


def _store(slots: dict[int, str], place: Index, value: str, writer: Writer) -> None:
    """An element of an array gets a value; nothing happens outside of the array."""
    array, sort = place.array, place.array.sort
    assert isinstance(sort, ArraySort)
    cells = writer.cells[array.name]
    position = writer.number(place.index)
    if sort.extent:
        old = slots.get(0, cells[0])
        writer.positions[position] = None
        slots[0] = f"(ite {writer.inside(array, position)} (store {old} {position} {value}) {old})"
    elif isinstance(place.index, Lit):
        if 0 <= place.index.value < len(cells):
            slots[place.index.value] = value
    else:
        position = writer.named(position, "Int")
        for slot, cell in enumerate(cells):
            slots[slot] = f"(ite (= {position} {slot}) {value} {slots.get(slot, cell)})"


def _first_values(variable: StateVar, frame: Frame) -> Iterator[str]:
    """The slots of the initial state; an array with an extent is described element by element."""
    sort, kind = smtlib.sort_text(variable), scalar_of(variable.sort)
    if not smtlib.is_array(variable):
        for name, value in zip(frame[variable.name], variable.init, strict=True):
            yield f"(define-fun {name} () {sort} {smtlib.literal(value, kind).text})"
        return
    (name,) = frame[variable.name]
    yield f"(declare-const {name} {sort})"
    yield f"(assert (forall ((|?i| Int)) {_first_element(variable, name, '|?i|')}))"


def _first_elements(variable: StateVar, frame: Frame, writer: Writer) -> Iterator[str]:
    """What `_first_values` says of an array with an extent, at the indices that occur."""
    if smtlib.is_array(variable):
        for position in writer.positions:
            yield f"(assert {_first_element(variable, frame[variable.name][0], position)})"


def _first_element(variable: StateVar, name: str, position: str) -> str:
    assert isinstance(variable.sort, ArraySort)
    kind = scalar_of(variable.sort)
    values = [smtlib.literal(value, kind).text for value in variable.init]
    text = values[0]
    for part, value in enumerate(values[1:], start=1):
        text = f"(ite (= (mod {position} {variable.sort.size}) {part}) {value} {text})"
    return f"(= (select {name} {position}) {text})"


def _reads(expr: Expr) -> frozenset[str]:
    """Names of the variables that an expression reads, and of those that its quantifiers bind."""
    nodes = parts([expr])
    return frozenset(n.name if isinstance(n, Var) else n.array.name for n in nodes if isinstance(n, Var | Index))
