"""Specs: properties typed against a lowered model, and checks with their instances."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import FALSE, Expr, and_
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.calls import statements_of
from oomcheck.lang.costs import counters
from oomcheck.lang.elaborate import Elaborated
from oomcheck.lang.inside import Inside
from oomcheck.lang.load import Files, text_digest
from oomcheck.lang.lower import Lowered
from oomcheck.lang.mode import Mode
from oomcheck.lang.parts import antecedents, conjuncts
from oomcheck.lang.scope import Macro, Scope
from oomcheck.lang.spec_runs import about_runs
from oomcheck.lang.spec_time import comparing
from oomcheck.lang.types import INT_MAX
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.prop.property import SANITIZERS, Kind, Property
from oomcheck.records import dataclass

MAX_INSTANCES = 4096
VALUE_HINT = "`expect holds value N` is for `bound` and `within`"
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
    timing: str = ""  # "timed", "untimed" or not said
    slack: int | None = None  # ticks that threads which do not say so may be late; None: any
    value: int | None = None  # of a bound, that `expect holds` names
    costs: frozenset[str] = frozenset()  # counters that its properties bound
    bounded: tuple[t.Name, ...] = ()  # its properties that bound a time
    comparing: tuple[t.Name, ...] = ()  # its properties that compare times


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec file whose names are known to be right."""

    name: str
    path: str
    tree: t.SpecFile
    checks: tuple[Check, ...]
    skipped: tuple[str, ...] = ()  # checks that a quick plan leaves out

    @property
    def digest(self) -> str:
        """The digest of its text."""
        return text_digest(self.tree.model_span.source)


def check_target(spec: t.SpecFile, spec_path: Path, model_path: Path) -> None:
    """E0402 if the spec is about another model file."""
    target = spec_path.parent / spec.model
    if target.resolve() != model_path.resolve():
        raise error("E0402", f"this spec is for `{spec.model}`, not for `{model_path}`", spec.model_span)


def plan(
    spec: t.SpecFile,
    path: str,
    base: Elaborated,
    fixed: Mapping[str, int | str],
    name: str = "",
    quick: bool = False,
) -> Spec:
    """The checks of a spec; `fixed` parameters from the command line win over `with`; `name` is that of the file.

    A quick plan takes the bindings that checks name for it, else the first value of each range.
    """
    found = _Planner(spec, path, base, fixed, quick).run()
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


def mode_of(check: Check, elaborated: Elaborated) -> Mode:
    """How a check reads the model; E0407 if it bounds a time and some thread may be late for ever without saying so."""
    threads = [one for one in elaborated.model.instances if one.kind in ("thread", "kthread")]
    declared = any(one.slack is not None for one in threads)
    wanted = declared or bool(check.bounded) or bool(check.comparing)
    timed = check.timing == "timed" or (check.timing != "untimed" and wanted)
    if check.bounded and check.slack is None:
        silent = [one.name for one in threads if one.slack is None and not one.any_slack]
        if silent:
            message = f"`{check.bounded[0].text}` bounds a time, but `{silent[0]}` does not say how late it may be"
            hint = f"`timed slack k` in the check, or `slack k` or `slack any` at the thread{'s' * (len(silent) > 1)}"
            raise error("E0407", message, check.span or check.bounded[0].span, hint)
    return Mode(timed, check.slack, check.costs)


class _Planner:
    def __init__(
        self, spec: t.SpecFile, path: str, base: Elaborated, fixed: Mapping[str, int | str], quick: bool
    ) -> None:
        self._quick = quick
        self._spec = spec
        self._path = path
        self._base = base
        self._fixed = fixed
        self._kinds = {p.name.text: p.kind for p in spec.properties}
        self._asked = {p.name.text: p.asked for p in spec.properties}
        self._params = {p.name: p for p in base.model.params}
        self._errors: list[Diagnostic] = []
        self._sources = source_references(base)
        self._timely = comparing(spec, base.globals.names)

    def run(self) -> Spec:
        """Check names, then checks, and add the implicit check."""
        self._names()
        self._counters()
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
            implicit = Check("default", (*rest, *sanitizers), ({},), (), frozenset(), "", "", "", None)
            bounded, times = self._bounded(rest), self._comparing(rest)
            checks.append(replace(implicit, costs=self._costs(rest), bounded=bounded, comparing=times))
        skipped = tuple(one.name.text for one in self._spec.checks if self._quick and skips(one))
        left = tuple(check for check in checks if check.name not in skipped)
        return Spec(Path(self._path).stem, self._path, self._spec, left, skipped)

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

    def _counters(self) -> None:
        """Cost bounds name counters of the model."""
        known = counters(self._base.model)
        for asked in self._asked.values():
            if isinstance(asked, t.MaxCost) and asked.cost.text not in known:
                hint = _close(asked.cost.text, list(known)) or "no statement of the model has a `cost`" * (not known)
                message = f"no statement has the cost `{asked.cost.text}`"
                self._errors.append(Diagnostic("E0409", message, asked.cost.span, hint))

    def _costs(self, names: Iterable[str]) -> frozenset[str]:
        """Counters that these properties bound."""
        asked = (self._asked.get(name) for name in names)
        return frozenset(one.cost.text for one in asked if isinstance(one, t.MaxCost))

    def _bounded(self, names: Iterable[str]) -> tuple[t.Name, ...]:
        """Those of these properties that bound a time."""
        wanted = set(names)
        return tuple(p.name for p in self._spec.properties if p.name.text in wanted and isinstance(p.asked, t.Within))

    def _comparing(self, names: Iterable[str]) -> tuple[t.Name, ...]:
        """Those of these properties that compare times."""
        wanted = set(names)
        return tuple(name for name in self._timely if name.text in wanted)

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
        timing, slack = self._timing(decl, chosen)
        return Check(
            decl.name.text,
            chosen,
            instances,
            ranged,
            without,
            decl.expect,
            decl.at,
            decl.because,
            decl.name.span,
            timing,
            slack,
            self._value(decl, chosen),
            self._costs(chosen),
            self._bounded(chosen),
            self._comparing(chosen),
        )

    def _timing(self, decl: t.CheckDecl, chosen: tuple[str, ...]) -> tuple[str, int | None]:
        """What the check says about time."""
        if decl.timing is None:
            return "", None
        bounded, times = self._bounded(chosen), self._comparing(chosen)
        if not decl.timing.timed and (bounded or times):
            what = f"`{bounded[0].text}` bounds a time" if bounded else f"`{times[0].text}` compares times"
            message = f"{what}, but the check is untimed"
            raise error("E0407", message, decl.timing.span, "write `timed`, or check it elsewhere")
        slack = None
        if isinstance(decl.timing.slack, t.Ident) and decl.timing.slack.name == "any":
            raise error("E0407", "`slack any` is what `timed` says alone", decl.timing.slack.span, "write `timed`")
        if decl.timing.slack is not None:
            slack = self._fixed_number(decl.timing.slack, decl)
            if not 0 <= slack <= INT_MAX:
                raise error("E0301", f"slack is {slack}", decl.timing.slack.span)
        return "timed" if decl.timing.timed else "untimed", slack

    def _value(self, decl: t.CheckDecl, chosen: tuple[str, ...]) -> int | None:
        """The exact value that a check expects of its bounds."""
        if decl.value is None:
            return None
        if decl.expect != "holds":
            raise error("E0405", f"`value` does not go with `expect {decl.expect}`", decl.value.span, VALUE_HINT)
        for name in chosen:
            if self._kinds.get(name) not in ("bound", "within"):
                raise error("E0405", f"`{name}` has no value", decl.value.span, VALUE_HINT)
        value = self._fixed_number(decl.value, decl)
        if value < 0:
            raise error("E0301", f"the expected value is {value}", decl.value.span, "costs and times are 0 or more")
        return value

    def _fixed_number(self, expr: t.Expr, decl: t.CheckDecl) -> int:
        """A number that is the same for all instances of the check."""
        words = set(re.findall(r"\w+", expr.span.text))
        for binding in decl.bindings:
            if binding.name.text in words:
                message = f"this depends on `{binding.name.text}`, which the check sets"
                raise error("E0405", message, expr.span, "write a number, and a check for each value")
        return ExprTyper(self._base.scope, effects=False, running=False).constant(expr)

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
        if decl.at and decl.expect not in ("violated", "covered"):
            raise error("E0405", "`at` needs a trace: expect violated or covered", decl.name.span)
        if decl.at and decl.at not in self._sources:
            known = sorted(self._sources)
            raise error("E0405", f'no statement carries @ "{decl.at}"', decl.name.span, _close(decl.at, known))

    def _instances(self, decl: t.CheckDecl) -> tuple[tuple[Mapping[str, int], ...], tuple[str, ...]]:
        """The values to check; those for a quick run must make sense in every run."""
        whole = self._combined(decl, decl.bindings)
        if decl.quick is None and not self._quick:
            return whole
        instances, ranged = self._combined(decl, quick_bindings(decl))
        # Identities are the same as in the whole run, so that verdicts can be compared.
        names = tuple(dict.fromkeys((*whole[1], *ranged)))
        return (instances, names) if self._quick else whole

    def _combined(
        self, decl: t.CheckDecl, bindings: tuple[t.Binding, ...]
    ) -> tuple[tuple[Mapping[str, int], ...], tuple[str, ...]]:
        axes: list[tuple[str, list[int]]] = []
        ranged: list[str] = []
        for binding in bindings:
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


def skips(decl: t.CheckDecl) -> bool:
    """Whether a quick run leaves a check out."""
    return decl.quick is not None and not decl.quick.bindings


def quick_bindings(decl: t.CheckDecl) -> tuple[t.Binding, ...]:
    """What a check binds in a quick run: as its clause says, else the first value of each range."""
    given = {} if decl.quick is None else {one.name.text: one for one in decl.quick.bindings}
    kept = [_first(one) for one in decl.bindings if one.name.text not in given]
    return (*kept, *(decl.quick.bindings if decl.quick is not None else ()))


def _first(binding: t.Binding) -> t.Binding:
    if binding.low is not None:
        return t.Binding(binding.name, None, binding.low, binding.low)
    return replace(binding, values=binding.values[:1])


def typed_properties(spec: t.SpecFile, lowered: Lowered, wanted: Collection[str] | None = None) -> dict[str, Property]:
    """The properties of a spec over the states of one lowered model.

    One whose limit names a slack or that compares times is left out where the model is read without time: no check
    can ask for it then. One that needs the value of an open parameter is left out unless it is `wanted`.
    """
    scope = _spec_scope(spec, lowered)
    found: dict[str, Property] = {}
    errors: list[Diagnostic] = []
    for decl in spec.properties:
        try:
            prop = _property(decl, scope, lowered)
            if prop is not None:
                found[decl.name.text] = prop
        except OomcheckError as failure:
            needs_time = all(diagnostic.code == "E0307" for diagnostic in failure.diagnostics)
            needs_number = all(diagnostic.code == "E0308" for diagnostic in failure.diagnostics)
            if needs_number and wanted is not None and decl.name.text not in wanted:
                continue
            if lowered.mode.timed or not needs_time:
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
    return Scope(replace(tables, names=names, inside=Inside(lowered.system)), {})


def _property(decl: t.PropertyDecl, scope: Scope, lowered: Lowered) -> Property | None:
    typer = ExprTyper(scope, ghosts=True, effects=False, running=False)
    if decl.kind == "deadlock_free":
        rest: Expr = FALSE
        if decl.rest is not None:
            value, needs = lowered.formula(typer.condition(decl.rest))
            rest = and_(*(need.ok for need in needs), value)
        return Property(decl.name.text, Kind.DEADLOCK_FREE, sentence=decl.sentence, rest=rest, span=decl.span)
    if decl.asked is not None:
        return about_runs(decl, typer, lowered)
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
        tuple(antecedents(typed, lowered)) if decl.kind in ("invariant", "lemma") else (),
        tuple(conjuncts(typed, lowered)),
        span=decl.span,
    )


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
