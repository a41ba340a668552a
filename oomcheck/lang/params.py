"""Parameters: their ranges, and where their values come from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.scope import Constant, Globals, Scope
from oomcheck.lang.types import BOOLEAN, INTEGER, BoolType, EnumType, Extent, IntType, Type
from oomcheck.lang.typing_expr import ExprTyper


class ParamReader:
    """Declares parameters. Values come from outside first, then from imports, then from the declaration."""

    def __init__(
        self,
        tables: Globals,
        values: Mapping[str, int | str],
        bindings: tuple[t.Binding, ...],
        symbolic: frozenset[str] = frozenset(),
    ) -> None:
        self._globals = tables
        self._open = symbolic - values.keys()
        self._values = dict(values)
        self._bindings = {binding.name.text: binding for binding in bindings}
        self._bound: set[str] = set()
        self.params: list[m.Param] = []

    def _typer(self) -> ExprTyper:
        return ExprTyper(Scope(self._globals, {}), effects=False, running=False)

    def declare(self, item: t.ParamDecl) -> None:
        """A parameter with its value."""
        name = item.name.text
        low = self._typer().constant(item.low) if item.low is not None else None
        high = self._typer().constant(item.high) if item.high is not None else None
        kind = self._type(item, low, high)
        if name in self._open:
            self._stay_open(item, kind, low, high)
            return
        value = self._value(item, kind)
        if low is not None and high is not None and low > high:
            raise error("E0303", f"the range {low} .. {high} is empty", item.span)
        if value is not None:
            self._in_range(item, value, low, high)
        self._globals.declare(item.name, Constant(value, kind, True, item.name.span))
        default = None if item.default is None else self._declared(item.default, kind)
        self.params.append(m.Param(name, kind, value, default, low, high, item.source, item.name.span))

    def _stay_open(self, item: t.ParamDecl, kind: Type, low: int | None, high: int | None) -> None:
        """A parameter without a value; its default is ignored."""
        name, span = item.name.text, item.name.span
        self._bound.add(name)
        if not isinstance(kind, IntType) or low is None or high is not None:
            message = f"`{name}` cannot stay without a value: it has an upper bound"
            raise error("E0308", message, span, f"only `param int {name} >= LOW` can")
        parameter = m.Parameter(Extent(name, low), INTEGER, span)
        self._globals.declare(item.name, Constant(None, INTEGER, True, span, parameter))
        default = None if item.default is None else self._declared(item.default, kind)
        self.params.append(m.Param(name, kind, None, default, low, high, item.source, span, open=True))

    def _type(self, item: t.ParamDecl, low: int | None, high: int | None) -> Type:
        if item.form == "bool":
            return BOOLEAN
        if item.form == "int":
            return IntType() if low is None or high is None else IntType(low, high)
        name = item.enum.text if item.enum is not None else item.name.text
        found = self._globals.types.get(name)
        if not isinstance(found, EnumType):
            raise error("E0201", f"no enum `{name}`", (item.enum or item.name).span)
        return found

    def _value(self, item: t.ParamDecl, kind: Type) -> int | None:
        name = item.name.text
        if name in self._values:
            self._bound.add(name)
            return parse_value(name, self._values[name], kind)
        binding = self._bindings.get(name)
        if binding is not None:
            self._bound.add(name)
            if binding.value is None:
                raise error("E0207", "an import gives a parameter one value", binding.name.span)
            return self._typer().fold(self._typer().value(binding.value, kind))
        return None if item.default is None else self._declared(item.default, kind)

    def _declared(self, default: t.Expr, kind: Type) -> int:
        return self._typer().fold(self._typer().value(default, kind))

    def _in_range(self, item: t.ParamDecl, value: int, low: int | None, high: int | None) -> None:
        name = item.name.text
        if (low is not None and value < low) or (high is not None and value > high):
            limits = f"{low} .. {high}" if high is not None else f">= {low}"
            code = "E0005" if name in self._values else "E0301"
            binding = self._bindings.get(name)
            span = binding.name.span if binding is not None and code == "E0301" else item.name.span
            raise error(code, f"parameter `{name}` is {value}, outside of {limits}", span)

    def unused(self) -> None:
        """Every value given from outside must have met a parameter."""
        known = [param.name for param in self.params]
        for name in (*self._values, *sorted(self._open)):
            if name not in self._bound:
                raise unknown_parameter(name, known)
        for name, binding in self._bindings.items():
            if name not in self._bound and name not in self._values:
                raise error("E0004", f"no parameter `{name}`", binding.name.span, _close(name, known))


def open_parameters(model: m.Model) -> tuple[str, ...]:
    """Parameters that may stay without a value: integers with a lower bound and no upper one."""
    return tuple(p.name for p in model.params if isinstance(p.type, IntType) and p.low is not None and p.high is None)


def unknown_parameter(name: str, known: list[str]) -> OomcheckError:
    """The error for a parameter that the model does not have."""
    hint = _close(name, known) or (f"its parameters: {', '.join(known)}" if known else "it has none")
    return error("E0004", f"the model has no parameter `{name}`", None, hint)


def parse_value(name: str, value: int | str, kind: Type) -> int:
    """A value given as text; E0005 if it does not parse."""
    if isinstance(value, int):
        return value
    match kind:
        case BoolType():
            if value in ("true", "false"):
                return int(value == "true")
            raise error("E0005", f"parameter `{name}` is true or false, found `{value}`")
        case EnumType(members=members):
            if value in members:
                return members.index(value)
            raise error("E0005", f"parameter `{name}` is one of {', '.join(members)}; found `{value}`")
        case _:
            text = value.removeprefix("-")
            if not text.isascii() or not text.isdigit() or len(text) > 18:
                raise error("E0005", f"parameter `{name}` is an integer, found `{value}`")
            return int(value)


def _close(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
