"""Specs: properties typed against a lowered model, and checks with their instances."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, TRUE, Expr, and_, or_
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.calls import statements_of
from oomcheck.lang.elaborate import Elaborated
from oomcheck.lang.load import Files
from oomcheck.lang.lower import Lowered
from oomcheck.lang.scope import Macro, Scope
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.prop.property import SANITIZERS, Kind, Part, Property

MAX_INSTANCES = 4096
COVER_WORDS = frozenset({"covered", "unreachable"})


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a spec, or the implicit one; `instances` are the parameter values that it fixes, one dict each."""

    name: str
    properties: tuple[str, ...]
    instances: tuple[Mapping[str, int], ...]
    ranged: tuple[str, ...]  # parameters that range over values, which tell instances apart
    without: frozenset[str]
    expect: str
    at: str
    because: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec file whose names are known to be right."""

    name: str
    path: str
    tree: t.SpecFile
    checks: tuple[Check, ...]


def check_target(spec: t.SpecFile, spec_path: Path, model_path: Path) -> None:
    """E0402 if the spec is about another model file."""
    target = spec_path.parent / spec.model
    if target.resolve() != model_path.resolve():
        raise error("E0402", f"this spec is for `{spec.model}`, not for `{model_path}`", spec.model_span)


def plan(spec: t.SpecFile, path: str, base: Elaborated, fixed: Mapping[str, int | str], name: str = "") -> Spec:
    """The checks of a spec; `fixed` parameters from the command line win over `with`; `name` is that of the file."""
    found = _Planner(spec, path, base, fixed).run()
    return replace(found, name=name or found.name)


def provisional(files: Files, specs: Iterable[t.SpecFile], fixed: Mapping[str, int | str]) -> list[t.Binding]:
    """For each parameter that has no value but from checks: a value that some check gives it, to plan with."""
    bound = {binding.name.text for binding in files.bindings} | fixed.keys()
    wanted = {
        item.name.text
        for file in files.files
        for item in file.items
        if isinstance(item, t.ParamDecl) and item.default is None
    } - bound
    found: dict[str, t.Binding] = {}
    for binding in (binding for spec in specs for check in spec.checks for binding in check.bindings):
        value = binding.value or binding.low
        if value is None and binding.values:
            value = binding.values[0]
        if binding.name.text in wanted and value is not None:
            found.setdefault(binding.name.text, t.Binding(binding.name, value))
    return list(found.values())


class _Planner:
    def __init__(self, spec: t.SpecFile, path: str, base: Elaborated, fixed: Mapping[str, int | str]) -> None:
        self._spec = spec
        self._path = path
        self._base = base
        self._fixed = fixed
        self._kinds = {p.name.text: p.kind for p in spec.properties}
        self._params = {p.name: p for p in base.model.params}
        self._errors: list[Diagnostic] = []
        self._sources = source_references(base)

    def run(self) -> Spec:
        """Check names, then checks, and add the implicit check."""
        self._names()
        checks: list[Check] = []
        for decl in self._spec.checks:
            try:
                checks.append(self._check(decl))
            except OomcheckError as failure:
                self._errors.extend(failure.diagnostics)
        if self._errors:
            raise OomcheckError(self._errors)
        named = {name for check in checks for name in check.properties}
        rest = tuple(name for name in self._kinds if name not in named)
        if rest or not checks:
            sanitizers = tuple(name for name in SANITIZERS if name != "unreachable")
            checks.append(Check("default", (*rest, *sanitizers), ({},), (), frozenset(), "", "", "", None))
        return Spec(Path(self._path).stem, self._path, self._spec, tuple(checks))

    def _names(self) -> None:
        seen: dict[str, Span] = {}
        for name in (*(p.name for p in self._spec.properties), *(d.name for d in self._spec.defines)):
            if name.text in SANITIZERS:
                self._errors.append(Diagnostic("E0202", f"`{name.text}` is the name of a sanitizer", name.span))
            elif name.text in seen:
                message = f"`{name.text}` is declared twice"
                self._errors.append(Diagnostic("E0202", message, name.span, f"first at {seen[name.text]}"))
            seen[name.text] = name.span
        checks: dict[str, Span] = {"default": self._spec.span} if self._spec.checks else {}
        for check in self._spec.checks:
            if check.name.text in checks:
                message = f"check `{check.name.text}` is declared twice"
                hint = "the name of the implicit check" if check.name.text == "default" else ""
                self._errors.append(Diagnostic("E0202", message, check.name.span, hint))
            checks[check.name.text] = check.name.span

    def _check(self, decl: t.CheckDecl) -> Check:
        if decl.properties is None:
            chosen = tuple(self._kinds)
        else:
            chosen = tuple(dict.fromkeys(name.text for name in decl.properties))
            for name in decl.properties:
                self._known(name)
        if not chosen:
            raise error("E0406", f"check `{decl.name.text}` selects no property", decl.name.span)
        self._expectation(decl, chosen)
        for name in decl.without:
            if name.text not in SANITIZERS:
                raise error("E0403", f"no sanitizer `{name.text}`", name.span, _close(name.text, list(SANITIZERS)))
            if name.text in chosen:
                raise error("E0403", f"`{name.text}` is both checked and left out", name.span)
        instances, ranged = self._instances(decl)
        without = frozenset(name.text for name in decl.without)
        return Check(
            decl.name.text, chosen, instances, ranged, without, decl.expect, decl.at, decl.because, decl.name.span
        )

    def _known(self, name: t.Name) -> None:
        if name.text not in self._kinds and name.text not in SANITIZERS:
            known = [*self._kinds, *SANITIZERS]
            raise error("E0403", f"no property `{name.text}`", name.span, _close(name.text, known))

    def _expectation(self, decl: t.CheckDecl, chosen: tuple[str, ...]) -> None:
        for name in chosen:
            cover = self._kinds.get(name) == "cover"
            if decl.expect in COVER_WORDS and not cover:
                message = f"`{name}` is no cover: it holds or is violated"
                raise error("E0405", message, decl.name.span)
            if decl.expect in ("holds", "proved", "violated") and cover:
                raise error("E0405", f"`{name}` is a cover: it is covered or unreachable", decl.name.span)
        if decl.expect == "proved":
            raise error(
                "E0504", "`expect proved` needs a proof engine, which this version does not have", decl.name.span
            )
        if decl.at and decl.expect not in ("violated", "covered"):
            raise error("E0405", "`at` needs a trace: expect violated or covered", decl.name.span)
        if decl.at and decl.at not in self._sources:
            known = sorted(self._sources)
            raise error("E0405", f'no statement carries @ "{decl.at}"', decl.name.span, _close(decl.at, known))

    def _instances(self, decl: t.CheckDecl) -> tuple[tuple[Mapping[str, int], ...], tuple[str, ...]]:
        axes: list[tuple[str, list[int]]] = []
        ranged: list[str] = []
        for binding in decl.bindings:
            param = self._params.get(binding.name.text)
            if param is None:
                hint = _close(binding.name.text, list(self._params))
                raise error("E0004", f"the model has no parameter `{binding.name.text}`", binding.name.span, hint)
            if any(name == param.name for name, _ in axes):
                raise error("E0202", f"parameter `{param.name}` is given twice", binding.name.span)
            if param.name in self._fixed:
                continue
            axes.append((param.name, self._values(binding, param)))
            if binding.value is None:
                ranged.append(param.name)
        total = 1
        for name, values in axes:
            total *= len(values)
            if not values:
                raise error("E0406", f"`{name}` ranges over nothing", decl.name.span)
        if total > MAX_INSTANCES:
            raise error("E0303", f"the check has {total} instances; at most {MAX_INSTANCES}", decl.name.span)
        names = [name for name, _ in axes]
        combined = product(*(values for _, values in axes))
        return tuple(dict(zip(names, values, strict=True)) for values in combined), tuple(ranged)

    def _values(self, binding: t.Binding, param: m.Param) -> list[int]:
        typer = ExprTyper(self._base.scope, effects=False, running=False)
        if binding.value is not None:
            values = [typer.fold(typer.value(binding.value, param.type))]
        elif binding.low is not None and binding.high is not None:
            values = list(range(typer.constant(binding.low), typer.constant(binding.high) + 1))
        else:
            values = [typer.fold(typer.value(expr, param.type)) for expr in binding.values]
        for value in values:
            if (param.low is not None and value < param.low) or (param.high is not None and value > param.high):
                limits = f"{param.low} .. {param.high}" if param.high is not None else f">= {param.low}"
                raise error("E0005", f"`{param.name}` is {value}, outside of {limits}", binding.name.span)
        return list(dict.fromkeys(values))


def typed_properties(spec: t.SpecFile, lowered: Lowered) -> dict[str, Property]:
    """The properties of a spec over the states of one lowered model."""
    scope = _spec_scope(spec, lowered)
    found: dict[str, Property] = {}
    errors: list[Diagnostic] = []
    for decl in spec.properties:
        try:
            found[decl.name.text] = _property(decl, scope, lowered)
        except OomcheckError as failure:
            errors.extend(failure.diagnostics)
    if errors:
        raise OomcheckError(errors)
    return found


def _spec_scope(spec: t.SpecFile, lowered: Lowered) -> Scope:
    tables = lowered.elaborated.globals
    names = dict(tables.names)
    for define in spec.defines:
        if define.name.text in names:
            message = f"`{define.name.text}` is already declared in the model"
            raise error("E0202", message, define.name.span, f"at {names[define.name.text].span}")
        formals = tuple(f.text for f in define.formals) if define.formals is not None else None
        names[define.name.text] = Macro(formals, define.body, define.name.span)
    return Scope(replace(tables, names=names), {})


def _property(decl: t.PropertyDecl, scope: Scope, lowered: Lowered) -> Property:
    typer = ExprTyper(scope, ghosts=True, effects=False, running=False)
    if decl.kind == "deadlock_free":
        rest: Expr = FALSE
        if decl.rest is not None:
            value, needs = lowered.formula(typer.condition(decl.rest))
            rest = and_(*(need.ok for need in needs), value)
        return Property(decl.name.text, Kind.DEADLOCK_FREE, sentence=decl.sentence, rest=rest, span=decl.span)
    assert decl.formula is not None
    typed = typer.condition(decl.formula)
    value, needs = lowered.formula(typed)
    return Property(
        decl.name.text,
        Kind(decl.kind),
        value,
        and_(*(need.ok for need in needs)),
        decl.sentence,
        " ".join(decl.formula.span.text.split()),
        tuple(_antecedents(typed, lowered)) if decl.kind in ("invariant", "lemma") else (),
        tuple(_conjuncts(typed, lowered)),
        span=decl.span,
    )


def _antecedents(expr: m.TExpr, lowered: Lowered) -> Iterator[Part]:
    """Left sides of implications; one under `forall` must hold for some value."""
    found: dict[tuple[int, ...], tuple[str, list[Expr]]] = {}
    for path, text, formula in _left_sides(expr, lowered, {}, TRUE, ()):
        found.setdefault(path, (text, []))[1].append(formula)
    for text, formulas in found.values():
        yield Part(text, or_(*formulas))


def _left_sides(
    expr: m.TExpr, lowered: Lowered, fixed: dict[m.Fixed, int], context: Expr, path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], str, Expr]]:
    """`path` tells where in the property an implication stands; the values of a `forall` share it."""
    match expr:
        case m.Operate(operator="->", args=(left, right)):
            value, needs = lowered.formula(left, fixed)
            here = and_(context, *(need.ok for need in needs), value)
            yield path, " ".join(left.span.text.split()), here
            yield from _left_sides(right, lowered, fixed, here, (*path, 1))
        case m.Operate(operator="&&", args=args):
            for number, arg in enumerate(args):
                yield from _left_sides(arg, lowered, fixed, context, (*path, number))
        case m.Quantify(kind="forall", variable=variable, values=values, body=body):
            for choice in values:
                yield from _left_sides(body, lowered, {**fixed, variable: choice}, context, (*path, 0))
            if not values:
                yield from ((below, text, FALSE) for below, text in _never_asked(body, (*path, 0)))
        case _:
            pass


def _never_asked(expr: m.TExpr, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Left sides below a `forall` over nothing."""
    match expr:
        case m.Operate(operator="->", args=(left, _)):
            yield path, " ".join(left.span.text.split())
        case m.Operate(operator="&&", args=args):
            for number, arg in enumerate(args):
                yield from _never_asked(arg, (*path, number))
        case m.Quantify(kind="forall", body=body):
            yield from _never_asked(body, (*path, 0))
        case _:
            pass


def _conjuncts(expr: m.TExpr, lowered: Lowered) -> Iterator[Part]:
    """The parts that a trace shows with their truth: conjuncts, and both sides of an implication."""
    match expr:
        case m.Operate(operator="&&" | "->", args=args):
            for arg in args:
                yield from _conjuncts(arg, lowered)
        case _:
            value, needs = lowered.formula(expr)
            yield Part(" ".join(expr.span.text.split()), and_(*(need.ok for need in needs), value))


def source_references(base: Elaborated) -> set[str]:
    """All `@` references of a model and its imports."""
    found = {template.source for template in base.model.templates}
    bodies = [t_.body for t_ in base.model.templates]
    for function in base.model.functions:
        found.add(function.source)
        bodies.append(function.body)
    for body in bodies:
        for stmt in statements_of(body):
            found.add(getattr(stmt, "source", ""))
    return found - {""}


def _close(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
