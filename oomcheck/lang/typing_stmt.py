"""Statements: from syntax to typed form."""

from __future__ import annotations

from dataclasses import field

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.scope import Scope, unknown
from oomcheck.lang.types import (
    BOOLEAN,
    DEADLINE,
    INTEGER,
    TASK,
    VOID,
    IntType,
    ObjectType,
    PointerType,
    TaskType,
    Type,
    VoidType,
    is_value,
    show_type,
)
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.records import dataclass

CHOICES = 256


@dataclass(slots=True)
class BodyTyper:
    """Types one function or thread body; collects its diagnostics, locals and labels."""

    scope: Scope
    result: Type
    source: str
    type_of: TypeReader
    diagnostics: list[Diagnostic] = field(default_factory=list)
    loops: int = 0
    atomic: int = 0
    gotos: list[t.Name] = field(default_factory=list)
    labels: dict[str, t.Name] = field(default_factory=dict)

    def body(self, block: t.Block) -> m.SBlock:
        """The whole body; gotos are checked against its labels."""
        typed = self.block(block, self.scope)
        for name in self.gotos:
            if name.text not in self.labels:
                self.diagnostics.append(Diagnostic("E0214", f"no label `{name.text}` in this body", name.span))
        return typed

    def block(self, block: t.Block, outer: Scope) -> m.SBlock:
        """A block with a scope of its own; goes on after a wrong statement."""
        scope = outer.inner()
        found: list[m.LocalVar] = []
        statements: list[m.TStmt] = []
        for statement in block.body:
            try:
                statements.extend(self.statements(statement, scope, found))
            except OomcheckError as failure:
                self.diagnostics.extend(failure.diagnostics)
        return m.SBlock(tuple(statements), tuple(found))

    def statements(self, stmt: t.Stmt, scope: Scope, found: list[m.LocalVar]) -> list[m.TStmt]:
        """The typed statements for one; declarations may be several."""
        if isinstance(stmt, t.Local):
            return [self.costed(stmt, self.declare(stmt, d, scope, found)) for d in stmt.declarators]
        return [self.statement(stmt, scope)]

    def costed(self, stmt: t.Stmt, typed: m.TStmt) -> m.TStmt:
        """The statement with the counter of its waits, if it has one."""
        cost: t.Name | None = getattr(stmt, "cost", None)
        if cost is None:
            return typed
        if self.atomic:
            raise error("E0217", "`cost` inside of an atomic block", cost.span, "an atomic block is one step")
        return m.SCost(cost.text, typed, cost.span)

    def declare(self, stmt: t.Local, declarator: t.Declarator, scope: Scope, found: list[m.LocalVar]) -> m.TStmt:
        """A local."""
        if declarator.dims:
            raise error("E0217", "locals cannot be arrays", declarator.name.span)
        kind = self.type_of(stmt.type, scope)
        if not is_value(kind):
            raise error("E0203", f"a local cannot be {show_type(kind)}", stmt.type.span, "use a reference: *")
        typer = self.typer(scope)
        value = typer.value(declarator.init, kind) if declarator.init is not None else None
        old = scope.locals.get(declarator.name.text)
        if isinstance(old, m.LocalVar) and old in found:
            message = f"`{declarator.name.text}` is declared twice"
            raise error("E0202", message, declarator.name.span, f"first declared at {old.span}")
        local = m.LocalVar(declarator.name.text, kind, value is not None, declarator.name.span)
        scope.locals[declarator.name.text] = local
        found.append(local)
        return m.SDeclare(local, value, stmt.source or self.source, declarator.name.span)

    def typer(self, scope: Scope, ghosts: bool = False, effects: bool = True) -> ExprTyper:
        """A typer of expressions in a scope of this body."""
        return ExprTyper(scope, ghosts, effects)

    def nested(self, stmt: t.Stmt, scope: Scope) -> m.TStmt:
        """A statement as the body of another one."""
        block = stmt if isinstance(stmt, t.Block) else t.Block((stmt,), stmt.span)
        return self.block(block, scope)

    def statement(self, stmt: t.Stmt, scope: Scope) -> m.TStmt:
        """Any statement but a declaration."""
        match stmt:
            case t.Block():
                return self.block(stmt, scope)
            case t.Labelled():
                return self.labelled(stmt, scope)
            case t.If(condition=condition, then=then, other=other, span=span):
                test = self.typer(scope).condition(condition)
                rest = self.nested(other, scope) if other is not None else None
                return m.SIf(test, self.nested(then, scope), rest, span)
            case t.While() | t.ForRange() | t.ForEach():
                return self.loop(stmt, scope)
            case t.RcuSection():
                return self.rcu(stmt, scope)
            case t.Atomic(body=body, span=span):
                self.atomic += 1
                inner = self.block(body, scope)
                self.atomic -= 1
                return m.SAtomic(inner, span)
            case t.Either(branches=branches, span=span):
                return m.SEither(tuple(self.block(b, scope) for b in branches), span)
            case _:
                return self.costed(stmt, self.simple(stmt, scope))

    def labelled(self, stmt: t.Labelled, scope: Scope) -> m.TStmt:
        """A labelled statement; labels are unique in a body."""
        old = self.labels.get(stmt.label.text)
        if old is not None:
            message = f"label `{stmt.label.text}` stands twice in this body"
            raise error("E0202", message, stmt.label.span, f"first at {old.span}")
        self.labels[stmt.label.text] = stmt.label
        inner = stmt.body
        if isinstance(inner, t.Local):
            raise error("E0208", "a label cannot stand before a declaration", stmt.label.span)
        return m.SLabel(stmt.label.text, self.statement(inner, scope), stmt.span)

    def loop(self, stmt: t.While | t.ForRange | t.ForEach, scope: Scope) -> m.TStmt:
        """A loop of any kind."""
        self.loops += 1
        try:
            match stmt:
                case t.While(condition=condition, body=body, span=span):
                    test = self.typer(scope).condition(condition) if condition is not None else None
                    return m.SWhile(test, self.nested(body, scope), span)
                case t.ForRange():
                    return self.counting(stmt, scope)
                case t.ForEach():
                    return self.each(stmt, scope)
        finally:
            self.loops -= 1

    def counting(self, stmt: t.ForRange, scope: Scope) -> m.TStmt:
        """`for (i in a .. b)`: i is a local of the loop, one past the last value at its end."""
        typer = self.typer(scope)
        first, last = typer.value(stmt.first, INTEGER), typer.value(stmt.last, INTEGER)
        local = m.LocalVar(stmt.variable.text, IntType(), True, stmt.variable.span)
        inner = scope.inner()
        inner.locals[stmt.variable.text] = local
        return m.SFor(local, first, last, stmt.down, self.nested(stmt.body, inner), stmt.span)

    def each(self, stmt: t.ForEach, scope: Scope) -> m.TStmt:
        """A loop over a set that is known now."""
        kind, values = self.typer(scope).domain(t.Domain(stmt.domain, None), stmt.span)
        if stmt.threads and not isinstance(kind, TaskType):
            raise error("E0203", "`for each thread` needs threads", stmt.domain.span)
        variable = m.Fixed(stmt.variable.text, kind, stmt.variable.span)
        inner = scope.inner()
        inner.locals[stmt.variable.text] = variable
        return m.SEach(variable, values, self.nested(stmt.body, inner), stmt.span)

    def rcu(self, stmt: t.RcuSection, scope: Scope) -> m.TStmt:
        """A read section; without a name, of the only rcu object."""
        if stmt.domain is not None:
            place = self.typer(scope).place(stmt.domain)
        else:
            found = [s for s in scope.globals.storages.values() if s.type == ObjectType("rcu") and s.size == 1]
            if len(found) != 1:
                raise error(
                    "E0203", "`rcu { }` needs exactly one rcu object in the model", stmt.span, "name it: rcu (r)"
                )
            place = m.Place(found[0], (), found[0].type, stmt.span)
        if isinstance(place, m.LocalVar) or place.type != ObjectType("rcu"):
            raise error("E0203", "expected an object of kind rcu", stmt.span)
        return m.SRcu(place, self.nested(stmt.body, scope), stmt.span)

    # ------------------------------------------------------------ simple statements

    def simple(self, stmt: t.Stmt, scope: Scope) -> m.TStmt:
        """A statement that contains no other."""
        source = getattr(stmt, "source", "") or self.source
        match stmt:
            case t.Assign():
                return self.assign(stmt, source, scope)
            case t.CallStmt(call=call, span=span):
                typed = self.typer(scope).value_or_void(call)
                if not isinstance(typed, m.CallFunction | m.CallOperation):
                    raise error("E0208", "this expression does nothing as a statement", span)
                return m.SCall(typed, source, span)
            case t.Choose():
                return self.choose(stmt, source, scope)
            case t.TestStmt(kind=kind, condition=condition, message=message, span=span):
                typer = self.typer(scope, ghosts=kind is t.Test.ASSERT, effects=False)
                return m.STest(kind.value, typer.condition(condition), message, source, span)
            case t.Return(value=value, span=span):
                return self.return_(value, source, stmt, scope)
            case t.Delay(low=low, high=high):
                return self.delay(self.typer(scope).value(low, INTEGER), self.typer(scope).value(high, INTEGER), stmt)
            case t.Goto(label=label, span=span):
                self.gotos.append(label)
                return m.SGoto(label.text, span)
            case t.Jump(kind=kind, span=span):
                if kind != "skip" and not self.loops:
                    raise error("E0208", f"`{kind}` outside of a loop", span)
                return m.SJump(kind, span)
            case _:
                raise AssertionError(stmt)

    def delay(self, low: m.TExpr, high: m.TExpr, stmt: t.Delay) -> m.TStmt:
        """A pause; constant bounds must make sense."""
        for bound in (low, high):
            if isinstance(bound, m.Operate | m.Const) and isinstance(bound.type, IntType) and _negative(bound):
                raise error("E0301", "a delay cannot be negative", bound.span)
        if isinstance(low, m.Const) and isinstance(high, m.Const) and low.value > high.value:
            raise error("E0303", f"the range {low.value} .. {high.value} is empty", stmt.span)
        return m.SDelay(low, high, stmt.source or self.source, stmt.span)

    def assign(self, stmt: t.Assign, source: str, scope: Scope) -> m.TStmt:
        """An assignment; `+=` reads the place first."""
        place = self.typer(scope, ghosts=True).place(stmt.place)
        if not _is_ghost(place):
            place = self.typer(scope).place(stmt.place)  # again, so that no ghost chooses what is written
        if isinstance(place, m.LocalVar):
            value = self.assigned(stmt, place.type, scope, m.ReadLocal(place, stmt.place.span), False)
            return m.SAssignLocal(place, value, source, stmt.span)
        if not is_value(place.type):
            raise error("E0212", f"{show_type(place.type)} cannot be assigned", stmt.span, "use its operations")
        storage = place.storage
        assert isinstance(storage, m.Storage)
        old = m.Load(place, storage.marked, place.type, stmt.place.span)
        value = self.assigned(stmt, place.type, scope, old, storage.ghost)
        return m.SAssign(place, value, storage.ghost, source, stmt.span)

    def assigned(self, stmt: t.Assign, kind: Type, scope: Scope, old: m.TExpr, ghost: bool) -> m.TExpr:
        """The value that an assignment stores."""
        typer = self.typer(scope, ghosts=ghost, effects=not ghost)
        if stmt.operator == "=":
            return typer.value(stmt.value, kind)
        if not isinstance(kind, IntType):
            raise error("E0203", f"`{stmt.operator}` needs an int, found {show_type(kind)}", stmt.span)
        return m.Operate(stmt.operator[0], (old, typer.value(stmt.value, INTEGER)), INTEGER, stmt.span)

    def choose(self, stmt: t.Choose, source: str, scope: Scope) -> m.TStmt:
        """A nondeterministic value for a local."""
        local = scope.resolve(stmt.variable.text, stmt.variable.span)
        if not isinstance(local, m.LocalVar):
            raise error("E0205", f"`{stmt.variable.text}` is no local", stmt.variable.span, "declare it before")
        kind, values = self.typer(scope).domain(stmt.domain, stmt.span)
        if not isinstance(kind, IntType) and kind != local.type:
            message = f"expected {show_type(local.type)}, found {show_type(kind)}"
            raise error("E0203", message, stmt.span)
        if isinstance(kind, IntType) and not isinstance(local.type, IntType):
            raise error("E0203", f"expected {show_type(local.type)}, found numbers", stmt.span)
        if len(values) > CHOICES:
            raise error("E0302", f"{len(values)} choices in one step; at most {CHOICES}", stmt.span)
        if not values:
            raise error("E0303", "nothing to choose from", stmt.span)
        return m.SChoose(local, values, source, stmt.span)

    def return_(self, value: t.Expr | None, source: str, stmt: t.Return, scope: Scope) -> m.TStmt:
        """A return, with a value where the function has one."""
        if isinstance(self.result, VoidType):
            if value is not None:
                raise error("E0203", "a value is returned where none is expected", stmt.span)
            return m.SReturn(None, source, stmt.span)
        if value is None:
            raise error("E0215", f"expected {show_type(self.result)} to return", stmt.span)
        return m.SReturn(self.typer(scope).value(value, self.result), source, stmt.span)


def _negative(bound: m.TExpr) -> bool:
    """Whether a bound is a negative constant as it is written."""
    if isinstance(bound, m.Operate):
        return bound.operator == "neg" and isinstance(bound.args[0], m.Const) and bound.args[0].value > 0
    return isinstance(bound, m.Const) and bound.value < 0


def _is_ghost(place: m.Place | m.LocalVar) -> bool:
    return isinstance(place, m.Place) and isinstance(place.storage, m.Storage) and place.storage.ghost


class TypeReader:
    """Reads a type as written; needs the constants of the model for ranges."""

    def __call__(self, written: t.TypeExpr, scope: Scope) -> Type:
        """The type; E0201 for unknown names, E0303 for an empty range."""
        match written.form:
            case t.TypeForm.VOID:
                return VOID
            case t.TypeForm.BOOL:
                return BOOLEAN
            case t.TypeForm.INT:
                if written.low is None or written.high is None:
                    return IntType()
                typer = ExprTyper(scope.top(), effects=False, running=False)
                low, high = typer.constant(written.low), typer.constant(written.high)
                if low > high:
                    raise error("E0303", f"the range {low}..{high} is empty", written.span)
                return IntType(low, high)
            case t.TypeForm.POINTER:
                return self.pointer(written, scope)
            case t.TypeForm.OBJECT:
                return ObjectType(written.name)
            case t.TypeForm.NAMED:
                return self.named(written, scope)

    def pointer(self, written: t.TypeExpr, scope: Scope) -> Type:
        """`task *` or a reference to a struct."""
        if written.name == "task":
            return TASK
        if scope.globals.struct_type(written.name) is None:
            raise _no_type(written, scope, f"no struct `{written.name}`")
        return PointerType(written.name)

    def named(self, written: t.TypeExpr, scope: Scope) -> Type:
        """An enum or struct, or `deadline`."""
        found = scope.globals.types.get(written.name)
        if found is not None:
            return found
        if written.name == "deadline":
            return DEADLINE
        raise _no_type(written, scope, f"no type `{written.name}`")


def _no_type(written: t.TypeExpr, scope: Scope, message: str) -> OomcheckError:
    known = [*scope.globals.types, "bool", "int", "task", "deadline"]
    return unknown("E0201", message, written.name, known, written.span)
