"""From syntax trees to the typed model: declarations, then bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.calls import check_calls
from oomcheck.lang.costs import check_costs
from oomcheck.lang.declare import Declarer
from oomcheck.lang.known import needs_number
from oomcheck.lang.load import Files, read_files
from oomcheck.lang.scope import FunctionHead, Globals, Process, Scope
from oomcheck.lang.storages import StorageBuilder, group_names
from oomcheck.lang.types import (
    DEADLINE,
    INT_MAX,
    INTEGER,
    TASK,
    VOID,
    ObjectType,
    PointerType,
    Referents,
    TaskType,
    Type,
    VoidType,
    is_value,
    show_type,
)
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.lang.typing_stmt import BodyTyper
from oomcheck.objects.table import OPERATIONS
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class Elaborated:
    """A typed model with the names that specs may use."""

    model: m.Model
    globals: Globals
    files: Files

    @property
    def scope(self) -> Scope:
        """The scope of properties."""
        return Scope(self.globals, {})


def elaborate(files: Files, values: Mapping[str, int | str], symbolic: frozenset[str] = frozenset()) -> Elaborated:
    """The typed model at the given parameter values; raises everything that is wrong at once.

    Parameters in `symbolic` that are not in `values` get no value: the model then stands for all of them at once.
    Each must be one of `params.open_parameters`.
    """
    try:
        return _elaborate(files, values, symbolic)
    except RecursionError:
        raise too_deep(files) from None


def too_deep(files: Files) -> OomcheckError:
    """The error for a model that is nested beyond what can be worked on."""
    return error("E0009", "the model is nested too deep", files.main.name.span)


def _elaborate(files: Files, values: Mapping[str, int | str], symbolic: frozenset[str]) -> Elaborated:
    declarer = Declarer(files.files, values, files.bindings, symbolic)
    declarer.run()
    softirqs = SoftirqThreads(declarer)
    softirqs.reserve()
    StorageBuilder(declarer).run()
    softirqs.fill()
    bodies = BodyElaborator(declarer)
    bodies.run()
    instances = (*bodies.instances(), *softirqs.instances)
    if not instances:
        raise error("E0306", "the model has no thread that can run", files.main.name.span)
    tables = declarer.globals
    model = m.Model(
        files.main.name.text,
        files.path,
        files.main.source,
        tuple(declarer.params.params),
        referents(tables),
        tuple(tables.storages.values()),
        tuple(bodies.functions),
        tuple(bodies.templates),
        instances,
        group_names(tables),
        tuple(bodies.freezers),
        files.sources,
        files.digest,
    )
    check_calls(model)
    check_costs(model)
    return Elaborated(model, tables, files)


def load_model(path: Path, values: Mapping[str, int | str], include: tuple[Path, ...] = ()) -> Elaborated:
    """Read, parse and elaborate a model file."""
    return elaborate(read_files(path, include), values)


def referents(tables: Globals) -> Referents:
    """What references can point to."""
    return Referents(
        tuple((struct, tuple(names)) for struct, names in tables.objects.items()),
        tuple(tables.thread_names),
        tuple(tables.extents.items()),
    )


class SoftirqThreads:
    """One softirq thread for each timer, after all other threads."""

    def __init__(self, declarer: Declarer) -> None:
        self._declarer = declarer
        self._globals = declarer.globals
        self._regular = len(self._globals.thread_names)
        self.instances: list[m.Instance] = []

    def reserve(self) -> None:
        """Count the timers, so that per-task storages have room for their handlers."""
        for item in self._declarer.items:
            for decl, outer, kind in self._timers(item):
                total = outer
                for size in decl.dims:
                    total *= self._declarer.size(size)
                self._declarer.enough(total, decl.name.span)
                for number in range(total):
                    suffix = self._suffix(number, total, kind)
                    self._globals.thread_names.append(decl.handler.text + suffix)
                    self._globals.thread_groups.append(max(self._globals.thread_groups, default=-1) + 1)

    def _suffix(self, number: int, total: int, kind: str) -> str:
        if kind == "task":
            return f"({self._globals.thread_names[number]})"
        if kind in self._globals.objects:
            return (
                f"({self._globals.objects[kind][number]})"
                if total == len(self._globals.objects[kind])
                else f"[{number}]"
            )
        return "" if total == 1 else f"[{number}]"

    def _timers(self, item: t.Item) -> Iterator[tuple[t.TimerDecl, int, str]]:
        """Timer declarations with how often each exists and what owns it."""
        if isinstance(item, t.TimerDecl):
            words = [q.text for q in item.qualifiers]
            if "per_group" in words:
                raise error("E0217", "timers are per_task or global", item.span)
            yield item, self._regular if "per_task" in words else 1, "task" if "per_task" in words else ""
        elif isinstance(item, t.StructDecl):
            count = len(self._globals.objects.get(item.name.text, ()))
            extent = self._globals.extents.get(item.name.text)
            for member in item.fields:
                if isinstance(member, t.TimerDecl):
                    if extent is not None:
                        raise needs_number(extent, member.name.span, "each timer has a handler of its own")
                    yield member, count, item.name.text
        elif isinstance(item, t.ProcessDecl):
            process = self._globals.names[item.name.text]
            assert isinstance(process, Process)
            for inner in item.members:
                if isinstance(inner, t.TimerDecl):
                    yield inner, process.count, ""

    def fill(self) -> None:
        """The instances, in the order in which their names were reserved."""
        number = self._regular
        for storage in self._globals.storages.values():
            if storage.type != ObjectType("timer"):
                continue
            count = self._regular if storage.owner == TASK else storage.size
            for element in range(count):
                argument = None if storage.owner is None else element + (0 if storage.owner == INTEGER else 1)
                name = self._globals.thread_names[number]
                group = self._globals.thread_groups[number]
                timer = (storage.key, element)
                self.instances.append(
                    m.Instance(name, "softirq", group, storage.handler, 0, True, "", None, argument, timer)
                )
                number += 1


class BodyElaborator:
    """Functions, threads and freezers, once everything that they name is declared."""

    def __init__(self, declarer: Declarer) -> None:
        self._declarer = declarer
        self._globals = declarer.globals
        self.functions: list[m.Function] = []
        self.templates: list[m.Template] = []
        self.freezers: list[m.Freezer] = []
        self._where: dict[str, m.Fixed] = {}

    def run(self) -> None:
        """Heads first, so that functions may be called before they stand; then labels; then bodies."""
        functions = [i for i in self._declarer.items if isinstance(i, t.FunctionDecl)]
        for item in functions:
            self._declarer.guard(partial(self._head, item))
            self._globals.labels[item.name.text] = {label.text for label in labels_in(item.body)}
        for thread, _, key in self._declarer.templates:
            self._globals.labels[key] = {label.text for label in labels_in(thread.body)}
        self._declarer.stop()
        for item in functions:
            self._declarer.guard(partial(self._function, item))
        for thread, process, key in self._declarer.templates:
            self._declarer.guard(partial(self._template, thread, process, key))
        for freezer in self._declarer.items:
            if isinstance(freezer, t.FreezerDecl):
                self._declarer.guard(partial(self._freezer, freezer))
        self._check_timers()
        self._declarer.stop()

    # ------------------------------------------------------------ functions

    def _head(self, item: t.FunctionDecl) -> None:
        scope = self._declarer.scope
        result = self._declarer.type_of(item.type, scope)
        if (not is_value(result) and not isinstance(result, VoidType)) or result == DEADLINE:
            raise error("E0203", f"a function cannot return {show_type(result)}", item.type.span)
        formals: list[m.LocalVar | m.ObjectFormal] = []
        for formal in item.formals:
            kind = self._declarer.type_of(formal.type, scope)
            if isinstance(kind, ObjectType):
                formals.append(m.ObjectFormal(formal.name.text, kind, formal.name.span))
            elif is_value(kind):
                formals.append(m.LocalVar(formal.name.text, kind, True, formal.name.span))
            else:
                raise error("E0203", f"{show_type(kind)} cannot be passed", formal.type.span, "pass a reference: *")
        if item.name.text in OPERATIONS:
            raise error("E0202", f"`{item.name.text}` is a kernel operation", item.name.span)
        head = FunctionHead(item.name.text, tuple(formals), result, item.softirq, item.span)
        self._globals.declare(item.name, head)

    def _function(self, item: t.FunctionDecl) -> None:
        head = self._globals.names[item.name.text]
        assert isinstance(head, FunctionHead)
        scope = self._declarer.scope
        for formal in head.formals:
            if formal.name in scope.locals:
                raise error("E0202", f"`{formal.name}` is declared twice", formal.span)
            scope.locals[formal.name] = formal
        typer = BodyTyper(scope, head.result, item.source, self._declarer.type_of)
        body = typer.body(item.body)
        self._declarer.diagnostics.extend(typer.diagnostics)
        if not isinstance(head.result, VoidType) and falls_through(body):
            message = f"`{item.name.text}` can end without returning {show_type(head.result)}"
            raise error("E0215", message, item.name.span)
        self.functions.append(
            m.Function(item.name.text, head.formals, head.result, body, item.source, item.softirq, item.name.span)
        )

    # ------------------------------------------------------------ threads

    def _template(self, item: t.ThreadDecl, process: Process | None, key: str) -> None:
        where = None
        if process is not None:
            where = self._where.setdefault(process.name, m.Fixed("process", INTEGER, process.span))
        scope = Scope(self._globals, {}, process, where)
        typer = BodyTyper(scope, VOID, item.source, self._declarer.type_of)
        body = typer.body(item.body)
        self._declarer.diagnostics.extend(typer.diagnostics)
        self.templates.append(m.Template(key, body, where, item.source, item.name.span))

    def instances(self) -> Iterator[m.Instance]:
        """All thread instances but softirqs, in the order of their numbers."""
        found: dict[int, m.Instance] = {}
        for thread, process, key in self._declarer.templates:
            threads = self._globals.threads_by_template[key]
            for which in range(process.count if process is not None else 1):
                for number in range(threads.count):
                    index = threads.base + number
                    if process is not None:
                        index += process.base + which * process.stride
                    found[index] = self._instance(thread, key, index, which)
        for index in sorted(found):
            yield found[index]

    def _instance(self, thread: t.ThreadDecl, key: str, index: int, which: int) -> m.Instance:
        name, group = self._globals.thread_names[index], self._globals.thread_groups[index]
        daemon = thread.daemon or thread.kind == "env"
        slack = None
        if thread.slack is not None:
            slack = ExprTyper(self._declarer.scope, effects=False, running=False).constant(thread.slack)
            if not 0 <= slack <= INT_MAX:
                raise error("E0301", f"slack is {slack}", thread.slack.span)
        return m.Instance(
            name, thread.kind, group, key, which, daemon, thread.fairness, slack, any_slack=thread.any_slack
        )

    # ------------------------------------------------------------ freezers and timers

    def _freezer(self, item: t.FreezerDecl) -> None:
        def predicate(part: tuple[t.Name, t.Expr] | None) -> tuple[m.Fixed, m.TExpr] | None:
            if part is None:
                return None
            name, body = part
            variable = m.Fixed(name.text, TASK, name.span)
            scope = self._declarer.scope
            scope.locals[name.text] = variable
            return variable, ExprTyper(scope, effects=False, running=False).condition(body)

        storage = self._globals.storages[item.name.text]
        if item.exempt is not None and item.kind == "v2":
            raise error("E0217", "a v2 freezer exempts nobody", item.exempt[0].span)
        self.freezers.append(m.Freezer(storage, item.kind, predicate(item.member), predicate(item.exempt), item.span))

    def _check_timers(self) -> None:
        for storage in self._globals.storages.values():
            if storage.type == ObjectType("timer"):
                self._declarer.guard(partial(self._handler, storage))
            if storage.release:
                self._declarer.guard(partial(self._release, storage))

    def _handler(self, storage: m.Storage) -> None:
        head = self._globals.names.get(storage.handler)
        if not isinstance(head, FunctionHead) or not head.softirq:
            hint = "declare `softirq NAME() { ... }`"
            raise error("E0201", f"no softirq `{storage.handler}` for the timer", storage.span, hint)
        _one_formal(head, storage.owner, storage.span, "timer")

    def _release(self, storage: m.Storage) -> None:
        head = self._globals.names.get(storage.release)
        if not isinstance(head, FunctionHead):
            raise error("E0201", f"no function `{storage.release}` to release with", storage.span)
        _one_formal(head, storage.owner, storage.span, "refcount")


def _one_formal(head: FunctionHead, owner: Type | None, span: Span, what: str) -> None:
    """A handler takes nothing, or the owner of the object that it serves."""
    if not head.formals:
        return
    formal = head.formals[0]
    kind = formal.type
    same = isinstance(kind, type(owner)) and (not isinstance(kind, PointerType | TaskType) or kind == owner)
    if len(head.formals) > 1 or owner is None or not same:
        wanted = show_type(owner) if owner is not None else "nothing"
        raise error("E0204", f"`{head.name}` is called by this {what} with {wanted}", span)


def labels_in(stmt: t.Stmt) -> Iterator[t.Name]:
    """All labels of a body."""
    match stmt:
        case t.Block(body=body):
            for inner in body:
                yield from labels_in(inner)
        case t.Labelled(label=label, body=inner):
            yield label
            yield from labels_in(inner)
        case t.If(then=then, other=other):
            yield from labels_in(then)
            if other is not None:
                yield from labels_in(other)
        case t.While(body=inner) | t.ForRange(body=inner) | t.ForEach(body=inner) | t.RcuSection(body=inner):
            yield from labels_in(inner)
        case t.Atomic(body=inner):
            yield from labels_in(inner)
        case t.Either(branches=branches):
            for branch in branches:
                yield from labels_in(branch)
        case _:
            pass


def falls_through(stmt: m.TStmt) -> bool:
    """Whether control can reach the end of a statement, as far as its form tells."""
    match stmt:
        case m.SBlock(body=body):
            return all(falls_through(inner) for inner in body)
        case m.SLabel(body=inner) | m.SAtomic(body=inner) | m.SRcu(body=inner) | m.SCost(body=inner):
            return falls_through(inner)
        case m.SIf(then=then, other=other):
            return other is None or falls_through(then) or falls_through(other)
        case m.SEither(branches=branches):
            return any(falls_through(branch) for branch in branches)
        case m.SWhile(condition=None, body=body):
            return has_break(body)
        case m.SReturn() | m.SGoto():
            return False
        case _:
            return True


def has_break(stmt: m.TStmt) -> bool:
    """Whether a loop body leaves its own loop by break."""
    match stmt:
        case m.SBlock(body=body):
            return any(has_break(inner) for inner in body)
        case m.SLabel(body=inner) | m.SAtomic(body=inner) | m.SRcu(body=inner) | m.SCost(body=inner):
            return has_break(inner)
        case m.SIf(then=then, other=other):
            return has_break(then) or (other is not None and has_break(other))
        case m.SEither(branches=branches):
            return any(has_break(branch) for branch in branches)
        case m.SJump(kind=kind):
            return kind == "break"
        case _:
            return False
