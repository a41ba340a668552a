"""Conditions over states in the words of the language, so that `lemma NAME : TEXT;` in a spec means the same.

What the model names is called so: variables, flags, locks that are held, places in the code, locals. All else is
`internal("NAME")`, by the name of a slot. A condition that the language would find without meaning somewhere, such as
a field of an object that may be dead, stands in `internal(...)`, which reads all values as the system has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from oomcheck.ir.expr import Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.ops import BOOLEAN_RESULT, Op
from oomcheck.ir.sorts import BOOL, ArraySort, BoolSort, EnumSort, IntSort, Scalar, scalar_of
from oomcheck.ir.system import Process, ProcessKind, Role, StateVar, TransitionSystem
from oomcheck.lang.inside import local_name, place_names
from oomcheck.lang.phrases import ATOM, CHOICE, COMPARED, PRODUCT, SUM, UNARY, Phrase, choice, equal, joined, negated
from oomcheck.records import dataclass

WIDTH: Final = 100  # columns of a line that is not broken
MAX_HELD: Final = 24  # nodes of a condition that is looked up among those to hold a lock
NAMED = re.compile(r"[A-Za-z_]\w*(\[\d+\])*(\.[A-Za-z_]\w*(\[\d+\])*)*")
BITS = re.compile(r"\.bits(\[\d+\]'*)?")
OWNER = re.compile(r"\.owner(\[\d+\]'*)?$")
UNIT: Final = "[987654321]"  # stands for a computed index while a name is looked at
READ: Final = {"count": "refcount_read", "value": "atomic_read"}
SIGNS: Final = {Op.LT: "<", Op.LE: "<=", Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.DIV: "/", Op.MOD: "%"}
BOUND_NAMES: Final = "ijklmn"


def notation(system: TransitionSystem, expr: Expr) -> str:
    """A condition over the states of `system` as text; long ones are broken over lines.

    The system may be a reduced one: names are those of the model, and mean the same there.
    """
    return notations(system, [expr])[0]


def notations(system: TransitionSystem, exprs: Iterable[Expr]) -> tuple[str, ...]:
    """`notation` of several conditions."""
    names = _Names(system)
    return tuple(_text(names, expr) for expr in exprs)


def _text(names: _Names, expr: Expr) -> str:
    printer = _Printer(names)
    phrase = printer.condition(expr)
    if printer.partial:
        return _broken(Phrase(f"internal({phrase.text})", ATOM), phrase.parts, phrase.word, "internal(", ")")
    return _broken(phrase, phrase.parts, phrase.word)


def _broken(whole: Phrase, parts: tuple[str, ...], word: str, before: str = "", after: str = "") -> str:
    """The text on one line, or the parts of a conjunction or disjunction on lines of their own."""
    if len(whole.text) <= WIDTH or word not in ("&&", "||"):
        return whole.text
    return before + f"\n\t{word} ".join(parts) + after


class _Names:
    """What things are called, for one system."""

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self.variables = {v.name: v for v in system.variables}
        self.places = [place_names(process) for process in system.processes]
        self.counters = {process.pc: number for number, process in enumerate(system.processes)}
        self.threads = [process.name if _can_be_named(process) else "" for process in system.processes]
        self._by_name = {p.name: text for p, text in zip(system.processes, self.threads, strict=True)}
        self.shown = Counter(n for v in system.variables if v.role not in (Role.LOCAL, Role.PC) for n in v.names)
        self.held = dict(self._held())
        words = (re.findall(r"\w+", name) for v in system.variables for name in (v.name, *v.names))
        self.taken = {word for found in words for word in found}
        self.taken |= {word for process in system.processes for word in re.findall(r"\w+", process.name)}
        for variable in system.variables:
            sort = scalar_of(variable.sort)
            self.taken |= set(sort.members) if isinstance(sort, EnumSort) else set()

    def _held(self) -> Iterator[tuple[Expr, str]]:
        for lock in self.system.locks:
            for number, condition in enumerate(lock.holders):
                if isinstance(condition, Apply) and self.threads[number] and NAMED.fullmatch(lock.name):
                    yield condition, f"holds({self.threads[number]}, {lock.name})"

    def thread(self, sort: Scalar, value: int) -> str:
        """The thread that a reference means, "" if it has no name; the first one of a counted family stands for it."""
        name = sort.members[value] if isinstance(sort, EnumSort) and 0 < value < len(sort.members) else ""
        family = f"{name.removesuffix('[0]')}[*]"
        return self._by_name.get(name, family if name.endswith("[0]") and family in self._by_name else "")

    def at(self, process: int, location: int) -> str | None:
        """That a process stands at a location; None if it has no name."""
        thread = self.threads[process]
        if not thread or not 0 <= location < len(self.places[process]):
            return None
        if location == self.system.processes[process].done:
            return f"dead({thread})"
        return f'{thread} at "{self.places[process][location]}"'

    def plain(self, variable: StateVar, shown: str) -> str | None:
        """How the model calls a slot, None if it does not."""
        match variable.role:
            case Role.PARAM:
                return variable.name
            case Role.LOCAL:
                return self._local(variable)
            case Role.SHARED | Role.GHOST:
                return _shared(variable, shown)
            case Role.OBJECT:
                return _object(variable, shown)
            case Role.PC:
                return None

    def _local(self, variable: StateVar) -> str | None:
        assert variable.owner is not None
        thread = self.threads[variable.owner]
        found = local_name(self.system.processes[variable.owner].name, variable)
        if found is None or not thread:
            return None
        name, number = found
        return f"local({thread}, {name})" if number == 1 else f"local({thread}, {name}, {number})"

    def raw(self, variable: StateVar, element: int) -> str:
        """A slot by its own name: that of reports, or that of the variable where a local could have the same."""
        if variable.role in (Role.LOCAL, Role.PC):
            return f'internal("{variable.name}")'
        shown = variable.names[element]
        odd = "#" in shown or shown.count("(") != shown.count(")") or self.shown[shown] > 1
        if not odd and not any(_like_local(shown, process.name) for process in self.system.processes):
            return f'internal("{shown}")'
        if isinstance(variable.sort, ArraySort):
            return f'internal("{variable.name}", {element})'
        return f'internal("{variable.name}")'


def _can_be_named(process: Process) -> bool:
    own = process.kind not in (ProcessKind.SOFTIRQ, ProcessKind.CLOCK)
    return own and NAMED.fullmatch(process.name) is not None


def _like_local(shown: str, process: str) -> bool:
    return shown.startswith(f"{process}.") and shown[len(process) + 1 :].isidentifier()


def _shared(variable: StateVar, shown: str) -> str | None:
    if variable.countdown or variable.name.startswith(("group.", "$")):
        return None
    if shown.startswith("alive("):
        inner = shown[len("alive(") : -1]
        return f"alive(&{inner})" if NAMED.fullmatch(inner) else None
    return shown if NAMED.fullmatch(shown) else None


def _object(variable: StateVar, shown: str) -> str | None:
    """A flag, or the value of a counter."""
    if variable.name.startswith(("group.", "$")) or variable.countdown:
        return None
    bits = BITS.search(variable.name)
    if bits is not None and bits.end() == len(variable.name):
        word, _, flag = shown.rpartition(".")
        return f"test_bit({flag}, {word})" if NAMED.fullmatch(word) else None
    field = re.search(r"\.(\w+)(\[\d+\]'*)?$", variable.name)
    if field is not None and field[1] in READ and NAMED.fullmatch(shown):
        return f"{READ[field[1]]}({shown})"
    return None


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as text, with the sort of its values; `typed` if the language knows the type that the sort stands for."""

    text: str
    sort: Scalar
    typed: bool
    raw: str


class _Printer:
    """One condition; `partial` tells whether the language may find a part of it without meaning."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._bound: dict[str, str] = {}
        self.partial = False

    # ------------------------------------------------------------ conditions

    def condition(self, expr: Expr) -> Phrase:
        """A truth value."""
        held = self._held(expr)
        if held is not None:
            return held
        match expr:
            case Lit(value=value):
                return Phrase("true" if value else "false", ATOM)
            case Var() | Index():
                return self._read(expr, truth=True)
            case Quantified():
                return self._quantified(expr)
            case Apply(op=Op.NOT, args=(arg,)):
                return negated(self.condition(arg))
            case Apply(op=Op.AND, args=args):
                return joined("&&", [self.condition(arg) for arg in args])
            case Apply(op=Op.OR, args=args):
                return self._clause(args)
            case Apply(op=Op.EQ | Op.NE as op, args=(left, right)):
                found = self._equal(left, right)
                return found if op is Op.EQ else negated(found)
            case Apply(op=Op.LT | Op.LE as op, args=(left, right)):
                return Phrase(f"{self.number(left).above(SUM)} {SIGNS[op]} {self.number(right).above(SUM)}", COMPARED)
            case Apply(op=Op.ITE, args=(test, then, other)):
                return choice(self.condition(test), self.condition(then), self.condition(other))
            case _:
                return Phrase(f"{self.number(expr).above(SUM)} != 0", COMPARED)

    def _clause(self, args: Iterable[Expr]) -> Phrase:
        """A disjunction; negated parts are joined to one that excludes what they have in common."""
        positive: list[Phrase] = []
        excluded: list[Phrase] = []
        for arg in args:
            match arg:
                case Apply(op=Op.NOT, args=(inner,)):
                    excluded.append(self.condition(inner))
                case Apply(op=Op.NE, args=(left, right)):
                    excluded.append(self._equal(left, right))
                case _:
                    positive.append(self.condition(arg))
        if len(excluded) > 1:
            return joined("||", [negated(joined("&&", excluded)), *positive])
        return joined("||", [*map(negated, excluded), *positive])

    def _held(self, expr: Expr) -> Phrase | None:
        """That a thread holds a lock, where a condition says just that."""
        small = isinstance(expr, Apply) and expr.op in (Op.EQ, Op.OR) and _is_small(expr, MAX_HELD)
        text = self._names.held.get(expr) if small else None
        if text is None:
            return None
        self.partial = self.partial or "." in text.partition(", ")[2]
        return Phrase(text, ATOM)

    def _equal(self, left: Expr, right: Expr) -> Phrase:
        if isinstance(left, Lit) and not isinstance(right, Lit):
            left, right = right, left
        if isinstance(left, Var) and left.name in self._names.counters and isinstance(right, Lit):
            at = self._names.at(self._names.counters[left.name], right.value)
            if at is not None:
                return Phrase(at, COMPARED if " at " in at else ATOM)
        owned = self._owned(left, right)
        if owned is not None:
            return owned
        if self._is_truth(left) and isinstance(right, Lit) and isinstance(right.sort, BoolSort):
            return self.condition(left) if right.value else negated(self.condition(left))
        if self._is_truth(left) and self._is_truth(right):
            return equal(self.condition(left), self.condition(right))
        typed = self._typed(left, right)
        if typed is not None:
            return typed
        return equal(self.number(left), self.number(right))

    def _owned(self, left: Expr, right: Expr) -> Phrase | None:
        """That a thread owns a spinlock or mutex, which is all there is to hold it."""
        if not isinstance(left, Var | Index) or not isinstance(right, Lit) or right.value < 1:
            return None
        variable = self._names.variables.get(left.name if isinstance(left, Var) else left.array.name)
        if variable is None or variable.role is not Role.OBJECT or not OWNER.search(variable.name):
            return None
        thread, lock = self._names.thread(scalar_of(variable.sort), right.value), self._lock(variable, left)
        if not thread or not NAMED.fullmatch(lock):
            return None
        self.partial = self.partial or "." in lock
        if isinstance(left, Index):
            lock = lock.replace(UNIT, f"[{self.number(left.index).text}]")
        return Phrase(f"holds({thread}, {lock})", ATOM)

    def _lock(self, variable: StateVar, owner: Var | Index) -> str:
        """The lock of which a slot is the owner, with a mark as its index if that is computed; "" if it has no name."""
        sort = variable.sort
        if isinstance(sort, ArraySort) and sort.extent:
            shown = variable.names[0].replace("[#]", UNIT) if sort.size == 1 else ""
        elif isinstance(owner, Var):
            shown = variable.names[0]
        else:
            known = isinstance(owner.index, Lit) and 0 <= owner.index.value < len(variable.names)
            shown = variable.names[owner.index.value] if known and isinstance(owner.index, Lit) else ""
        return shown.removesuffix(".owner")

    def _typed(self, left: Expr, right: Expr) -> Phrase | None:
        """Values of an enum or references, in the words of their type."""
        first = self._slot(left) if isinstance(left, Var | Index) else None
        if first is None or not first.typed or not isinstance(first.sort, EnumSort):
            return None
        if isinstance(right, Lit):
            member = self._member(first.sort, right.value)
            return equal(Phrase(first.text, ATOM), Phrase(member, ATOM)) if member is not None else None
        second = self._slot(right) if isinstance(right, Var | Index) else None
        if second is None or not second.typed or not isinstance(second.sort, EnumSort):
            return None
        same = first.sort.name == second.sort.name
        return equal(Phrase(first.text, ATOM), Phrase(second.text, ATOM)) if same else None

    def _member(self, sort: EnumSort, value: int) -> str | None:
        """A value of an enum, a thread or `&object`; None for one that cannot be written."""
        if not 0 <= value < len(sort.members):
            return None
        if sort.name.endswith(" *"):
            name = sort.members[value] if value else "NULL"
            if sort.name == "task *" and value:
                return self._names.thread(sort, value) or None
            return name if NAMED.fullmatch(name.removeprefix("&")) else None
        return sort.members[value]

    def _quantified(self, expr: Quantified) -> Phrase:
        low, high = self.number(expr.low).above(SUM), self.number(expr.high).above(SUM)
        used = self._names.taken | set(self._bound.values())
        name = next(n for n in _fresh_names() if n not in used)
        self._bound[expr.variable.name] = name
        body = self.condition(expr.body)
        del self._bound[expr.variable.name]
        return Phrase(f"{expr.kind.value} {name} in {low} .. {high} : {body.text}", CHOICE)

    # ------------------------------------------------------------ numbers

    def number(self, expr: Expr) -> Phrase:
        """A number; a truth value is 1 or 0."""
        if self._is_truth(expr):
            if isinstance(expr, Lit):
                return Phrase(str(expr.value), ATOM)
            return choice(self.condition(expr), Phrase("1", ATOM), Phrase("0", ATOM))
        match expr:
            case Lit(value=value):
                return Phrase(str(value), ATOM if value >= 0 else UNARY)
            case Var() | Index():
                return self._read(expr, truth=False)
            case Apply(op=Op.NEG, args=(arg,)):
                return Phrase(f"-{self.number(arg).above(ATOM)}", UNARY)
            case Apply(op=Op.ITE, args=(test, then, other)):
                return choice(self.condition(test), self.number(then), self.number(other))
            case Apply(op=op, args=(left, right)):
                return self._calculated(op, left, right)
            case _:
                raise AssertionError(expr)

    def _calculated(self, op: Op, left: Expr, right: Expr) -> Phrase:
        level = SUM if op in (Op.ADD, Op.SUB) else PRODUCT
        if op in (Op.DIV, Op.MOD) and not (isinstance(right, Lit) and right.value):
            self.partial = True
        return Phrase(f"{self.number(left).above(level)} {SIGNS[op]} {self.number(right).above(level + 1)}", level)

    def _is_truth(self, expr: Expr) -> bool:
        match expr:
            case Lit(sort=sort):
                return isinstance(sort, BoolSort)
            case Var(name=name):
                return name not in self._bound and isinstance(self._sort(name), BoolSort)
            case Index(array=array):
                return isinstance(self._sort(array.name), BoolSort)
            case Quantified():
                return True
            case Apply(op=Op.ITE, args=(_, then, other)):
                return self._is_truth(then) and self._is_truth(other)
            case Apply(op=op):
                return op in BOOLEAN_RESULT

    def _sort(self, name: str) -> Scalar:
        return scalar_of(self._names.variables[name].sort)

    # ------------------------------------------------------------ slots

    def _read(self, expr: Var | Index, truth: bool) -> Phrase:
        """The value of a slot."""
        if isinstance(expr, Var) and expr.name in self._bound:
            name = Phrase(self._bound[expr.name], ATOM)
            return Phrase(f"{name.text} != 0", COMPARED) if truth else name
        slot = self._slot(expr)
        if slot is None:
            assert isinstance(expr, Index)
            return self._chosen(expr, truth)
        is_bool = isinstance(slot.sort, BoolSort)
        if truth:
            if is_bool:
                return Phrase(slot.text, ATOM)
            return Phrase(f"{slot.raw if isinstance(slot.sort, EnumSort) else slot.text} != 0", COMPARED)
        return Phrase(slot.raw if isinstance(slot.sort, EnumSort) else slot.text, ATOM)

    def _slot(self, expr: Var | Index) -> Slot | None:
        """A slot whose number is known, or that the language can name by an index; None for others."""
        if isinstance(expr, Var):
            variable = self._names.variables.get(expr.name)
            return None if variable is None else self._named(variable, 0)
        variable = self._names.variables[expr.array.name]
        assert isinstance(variable.sort, ArraySort)
        if variable.sort.extent:
            return self._open_slot(variable, variable.sort, expr.index)
        if isinstance(expr.index, Lit):
            if 0 <= expr.index.value < variable.sort.size:
                return self._named(variable, expr.index.value)
            is_bool = isinstance(variable.sort.element, BoolSort)
            zero, sort = ("false", BOOL) if is_bool else ("0", IntSort(0, 0))
            return Slot(zero, sort, False, zero)
        return None

    def _named(self, variable: StateVar, element: int) -> Slot:
        shown, raw = variable.names[element], self._names.raw(variable, element)
        plain = self._names.plain(variable, shown)
        self.partial = self.partial or (plain is not None and "." in plain and variable.role is not Role.LOCAL)
        return Slot(plain or raw, scalar_of(variable.sort), plain is not None, raw)

    def _open_slot(self, variable: StateVar, sort: ArraySort, position: Expr) -> Slot:
        """An element of an array with as many units as a parameter says."""
        self.partial = True
        raw = f'internal("{variable.name}", {self.number(position).text})'
        split = _unit_of(position, sort.size)
        if split is None:
            return Slot(raw, sort.element, False, raw)
        unit, part = split
        plain = self._names.plain(variable, variable.names[part].replace("[#]", UNIT))
        if plain is None or plain.count(UNIT) != 1:
            return Slot(raw, sort.element, False, raw)
        return Slot(plain.replace(UNIT, f"[{self.number(unit).text}]"), sort.element, True, raw)

    def _chosen(self, expr: Index, truth: bool) -> Phrase:
        """An element that a computed number chooses."""
        variable = self._names.variables[expr.array.name]
        position = self.number(expr.index)
        is_bool = isinstance(scalar_of(variable.sort), BoolSort)
        if "." not in variable.name and variable.names[0] == f"{variable.name}[0]" and _is_plain_array(variable):
            self.partial = True
            read = Phrase(f"{variable.name}[{position.text}]", ATOM)
            return Phrase(f"{read.text} != 0", COMPARED) if truth and not is_bool else read
        found = Phrase("false" if is_bool else "0", ATOM)
        for element in reversed(range(len(variable.names))):
            here = equal(position, Phrase(str(element), ATOM))
            slot = self._named(variable, element)
            text = slot.raw if isinstance(slot.sort, EnumSort) else slot.text
            found = choice(here, Phrase(text, ATOM), found)
        return Phrase(f"{found.above(SUM)} != 0", COMPARED) if truth and not is_bool else found


def _is_plain_array(variable: StateVar) -> bool:
    """Whether an array is declared as such, with elements that are numbers or truth values, in one dimension."""
    own = variable.role in (Role.SHARED, Role.GHOST) and not variable.countdown
    flat = all(name == f"{variable.name}[{i}]" for i, name in enumerate(variable.names))
    return own and flat and not isinstance(scalar_of(variable.sort), EnumSort)


def _unit_of(position: Expr, size: int) -> tuple[Expr, int] | None:
    """Unit and part that an index into an array with an extent means, where it is written so."""
    if size == 1:
        return position, 0
    match position:
        case Lit(value=value) if value >= 0:
            return Lit(value // size, position.sort), value % size
        case Apply(op=Op.MUL, args=(unit, Lit(value=factor))) if factor == size:
            return unit, 0
        case Apply(op=Op.ADD, args=(Apply(op=Op.MUL, args=(unit, Lit(value=factor))), Lit(value=part))):
            return (unit, part) if factor == size and 0 <= part < size else None
        case _:
            return None


def _is_small(expr: Expr, limit: int) -> bool:
    """Whether an expression has at most so many nodes, shared ones counted each time."""
    stack, count = [expr], 0
    while stack and count <= limit:
        count += 1
        node = stack.pop()
        if isinstance(node, Apply):
            stack.extend(node.args)
        elif isinstance(node, Index):
            stack.append(node.index)
        elif isinstance(node, Quantified):
            stack.extend((node.low, node.high, node.body))
    return not stack


def _fresh_names() -> Iterator[str]:
    yield from BOUND_NAMES
    number = 1
    while True:
        yield f"i{number}"
        number += 1
