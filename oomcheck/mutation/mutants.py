"""Small wrong changes of a model, one at a time: lock dropped, statements swapped, flag not tested, guard weakened.

A mutant is an edit of the text, so that whatever it changes can be shown, and its names and places stay those of the
model. The operators follow the fault models of mutation testing (DeMillo, Lipton, Sayward, Hints on Test Data Selection
(1978)), chosen for what goes wrong in kernel code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from oomcheck.diag.span import Span
from oomcheck.lang import tree as t
from oomcheck.mutation.walk import Function, blocks, conditions, expressions, functions, statements, subterms
from oomcheck.records import dataclass

FLAG_TESTS: Final = frozenset(("test_bit", "mm_flags_test"))
FLAG_TAKES: Final = {"test_and_set_bit": "set_bit", "mm_flags_test_and_set": "mm_flags_set"}
FLAG_DROPS: Final = {"test_and_clear_bit": "clear_bit", "mm_flags_test_and_clear": "mm_flags_clear"}
WEAKER: Final = {"<": "<=", ">": ">=", "==": ">="}
_RELEASE = re.compile(r"unlock|^up_|^up$|^mutex_unlock")
_ACQUIRE = re.compile(r"lock|^down_|^down$")
_TRY: Final = "_trylock"


class Operator(Enum):
    """What a mutant does wrong."""

    DROP_LOCK = "drop lock"
    SWAP = "swap"
    DROP_TEST = "drop test"
    WEAKEN = "weaken"


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters `start .. end` of the file become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong change of the file at `path`; `name` is the same after lines have moved, and unique in its file.

    `line` is that of the first change, `edits` are in the order of the text and do not overlap.
    """

    path: str
    name: str
    operator: Operator
    function: str
    line: int
    edits: tuple[Edit, ...]

    def applied(self, text: str) -> str:
        """The text of the file with the change."""
        for edit in reversed(self.edits):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text


@dataclass(frozen=True, slots=True)
class _Draft:
    operator: Operator
    what: str
    edits: tuple[Edit, ...]


def mutants_of(file: t.ModelFile, constants: frozenset[str]) -> tuple[Mutant, ...]:
    """All mutants of a file, by lines; `constants` are names that only say how a model is set up."""
    found: list[tuple[Function, _Draft]] = []
    for function in functions(file):
        for operator in (_locks, _swaps, _tests, _guards):
            found += [(function, draft) for draft in operator(function.body, constants)]
    names = Counter[str]()
    mutants: list[Mutant] = []
    for function, draft in found:
        name = f"{draft.operator.value} {draft.what} in {function.name}"
        names[name] += 1
        if names[name] > 1:
            name += f" ({names[name]})"
        edits = tuple(sorted(draft.edits, key=lambda edit: edit.start))
        source = function.body.span.source
        line = source.position(edits[0].start)[0]
        mutants.append(Mutant(source.path, name, draft.operator, function.name, line, edits))
    return tuple(sorted(mutants, key=lambda m: (m.line, m.edits[0].start, m.name)))


def constants_of(files: Iterable[t.ModelFile]) -> frozenset[str]:
    """Names of constants, parameters, their members, macros of these: a test of them alone is set-up, not behaviour."""
    found: set[str] = set()
    macros: list[t.DefineDecl] = []
    for file in files:
        for item in file.items:
            match item:
                case t.ConstDecl(name=name):
                    found.add(name.text)
                case t.ParamDecl(name=name, members=members):
                    found |= {name.text, *(member.text for member in members)}
                case t.EnumDecl(members=members):
                    found |= {member.text for member in members}
                case t.DefineDecl(formals=None):
                    macros.append(item)
                case _:
                    pass
    while settled := [macro for macro in macros if _mentions_only(macro.body, frozenset(found))]:
        found |= {macro.name.text for macro in settled}
        macros = [macro for macro in macros if macro not in settled]
    return frozenset(found)


# ---------------------------------------------------------------- operators


def _locks(body: t.Block, constants: frozenset[str]) -> Iterator[_Draft]:
    """Each lock of a function: nothing takes or releases it there any more; the same for RCU read sections."""
    edits: dict[str, list[Edit]] = {}
    for stmt in statements(body):
        if isinstance(stmt, t.CallStmt) and _about_lock(stmt.call):
            edits.setdefault(_lock_of(stmt.call), []).append(_without(stmt))
        elif isinstance(stmt, t.RcuSection):
            yield _Draft(Operator.DROP_LOCK, "RCU", (Edit(stmt.span.start, stmt.body.span.start, ""),))
        else:
            for call in _calls(stmt):
                if call.function.text.endswith(_TRY):
                    edits.setdefault(_lock_of(call), []).append(_replaced(call.span, "true"))
    for lock, changes in edits.items():
        yield _Draft(Operator.DROP_LOCK, f"`{lock}`", tuple(changes))


def _about_lock(call: t.Call) -> bool:
    name = call.function.text
    return bool(_RELEASE.search(name) or _ACQUIRE.search(name)) and not name.endswith(_TRY)


def _lock_of(call: t.Call) -> str:
    """What is locked, as the call names it; without arguments the function itself."""
    return _plain(call.arguments[0].span) if call.arguments else call.function.text


def _swaps(body: t.Block, constants: frozenset[str]) -> Iterator[_Draft]:
    """Two neighbours in one block change places; nothing moves over a declaration, a label or a way out."""
    own = _locals(body)
    for block in blocks(body):
        for one, two in zip(block.body, block.body[1:], strict=False):
            if _moves(one) and _moves(two) and not _apart(one, two, own):
                edits = (_replaced(one.span, two.span.text), _replaced(two.span, one.span.text))
                if _plain(one.span) != _plain(two.span):
                    yield _Draft(Operator.SWAP, f"{_short(one)} and {_short(two)}", edits)


def _locals(body: t.Block) -> frozenset[str]:
    """The locals that a function declares."""
    found = (one for stmt in statements(body) if isinstance(stmt, t.Local) for one in stmt.declarators)
    return frozenset(one.name.text for one in found)


def _apart(one: t.Stmt, two: t.Stmt, own: frozenset[str]) -> bool:
    """Whether one of two statements touches only locals that the other does not: nobody sees their order."""
    return any(
        isinstance(a, t.Assign) and (names := _names(a)) <= own and not names & _names(b)
        for a, b in ((one, two), (two, one))
    )


def _names(stmt: t.Stmt) -> set[str]:
    """Everything that a statement names; a call counts as more than any local."""
    terms = [term for inner in statements(stmt) for expr in expressions(inner) for term in subterms(expr)]
    named = {term.name for term in terms if isinstance(term, t.Ident)}
    return named | {f"{term.function.text}()" for term in terms if isinstance(term, t.Call)}


def _moves(stmt: t.Stmt) -> bool:
    return not isinstance(stmt, t.Local | t.Labelled | t.Return | t.Goto | t.Jump)


def _tests(body: t.Block, constants: frozenset[str]) -> Iterator[_Draft]:
    """A flag is not looked at: it counts as not set. What also sets or clears it still does."""
    for stmt in statements(body):
        if isinstance(stmt, t.If):
            draft = _taken(stmt)
            if draft is not None:
                yield draft
                continue
        for call in _calls(stmt):
            if call.function.text in FLAG_TESTS:
                yield _Draft(Operator.DROP_TEST, f"`{_plain(call.span)}`", (_replaced(call.span, "false"),))


def _taken(stmt: t.If) -> _Draft | None:
    """`if (test_and_set_bit(...)) return;` becomes `set_bit(...);`, as if the bit had been clear."""
    condition, denied = stmt.condition, False
    if isinstance(condition, t.Unary) and condition.operator == "!":
        condition, denied = condition.operand, True
    if not isinstance(condition, t.Call):
        return None
    plain = {**FLAG_TAKES, **FLAG_DROPS}.get(condition.function.text)
    if plain is None:
        return None
    arguments = ", ".join(argument.span.text for argument in condition.arguments)
    clear = (condition.function.text in FLAG_TAKES) is denied  # the branch that a clear bit leads to
    kept = stmt.then.span.text if clear else "" if stmt.other is None else stmt.other.span.text
    text = f"{{ {plain}({arguments}); {kept} }}"
    return _Draft(Operator.DROP_TEST, f"`{_plain(condition.span)}`", (_replaced(stmt.span, text),))


def _guards(body: t.Block, constants: frozenset[str]) -> Iterator[_Draft]:
    """A condition that lets more through: a conjunct dropped, a comparison that includes its limit, no condition."""
    for condition, loops in conditions(body):
        parts = _conjuncts(condition)
        for part in parts:
            if _mentions_only(part, constants):
                continue
            if len(parts) > 1 or not loops:
                yield _Draft(Operator.WEAKEN, f"`{_plain(part.span)}` to true", (_replaced(part.span, "true"),))
            if isinstance(part, t.Binary) and part.operator in WEAKER and part.operator != "==":
                between = Span(part.span.source, part.left.span.end, part.right.span.start)
                text = between.text.replace(part.operator, WEAKER[part.operator], 1)
                what = f"`{_plain(part.span)}` to {WEAKER[part.operator]}"
                yield _Draft(Operator.WEAKEN, what, (_replaced(between, text),))


def _conjuncts(condition: t.Expr) -> list[t.Expr]:
    if isinstance(condition, t.Binary) and condition.operator == "&&":
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _mentions_only(expr: t.Expr, constants: frozenset[str]) -> bool:
    """Whether an expression is about the set-up of the model alone, or about nothing."""
    terms = list(subterms(expr))
    if any(isinstance(term, t.Call | t.Current | t.Where) for term in terms):
        return False
    return all(term.name in constants for term in terms if isinstance(term, t.Ident))


# ---------------------------------------------------------------- texts


def _calls(stmt: t.Stmt) -> Iterator[t.Call]:
    """The calls in the expressions of a statement, without those of the statements in it."""
    for expr in expressions(stmt):
        yield from (term for term in subterms(expr) if isinstance(term, t.Call))


def _without(stmt: t.Stmt) -> Edit:
    return _replaced(stmt.span, "{ }")


def _replaced(span: Span, text: str) -> Edit:
    return Edit(span.start, span.end, text)


def _plain(span: Span) -> str:
    """The text of a span on one line, without comments and source references."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", span.text, flags=re.DOTALL)
    text = re.sub(r'\s*@\s*"[^"]*"', "", text)
    return " ".join(text.replace('"', "'").split())


def _short(stmt: t.Stmt) -> str:
    """A statement by its first words."""
    text = _plain(stmt.span)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"
