"""Properties about runs: liveness, bounded response and cost, typed against a lowered model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace
from typing import assert_never

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Span
from oomcheck.ir.expr import TRUE, Expr, and_, or_
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.fair import fairness
from oomcheck.lang.known import needs_number
from oomcheck.lang.lower import Lowered
from oomcheck.lang.parts import left_sides
from oomcheck.lang.scope import Constant
from oomcheck.lang.types import INTEGER
from oomcheck.lang.typing_expr import ExprTyper
from oomcheck.prop import formula as f
from oomcheck.prop.property import Kind, Part, Property
from oomcheck.prop.temporal import CostBound, Liveness, Response, Temporal
from oomcheck.records import dataclass

Path = tuple[int, ...]


def about_runs(decl: t.PropertyDecl, typer: ExprTyper, lowered: Lowered) -> Property | None:
    """The typed property; None if its limit names a slack that the reading of the model does not have."""
    asked = decl.asked
    assert asked is not None
    work = Lowering(lowered)
    temporal: Temporal
    antecedents: tuple[Part, ...] = ()
    match asked:
        case t.Ltl(formula=formula):
            temporal = Liveness(work.formula(formula, typer, {}), fairness(decl.fair, typer, lowered))
            antecedents = work.antecedents(formula, typer)
        case t.LeadsTo(trigger=trigger, response=response):
            left, right = work.condition(trigger, typer), work.condition(response, typer)
            formula_ = f.leads_to(f.Atom(left.formula, left.text), f.Atom(right.formula, right.text))
            temporal = Liveness(formula_, fairness(decl.fair, typer, lowered))
            antecedents = (left,)
        case t.Within(trigger=trigger, response=response, limit=limit):
            left, right = work.condition(trigger, typer), work.condition(response, typer)
            if limit is not None and _names_slack(limit) and not lowered.mode.timed:
                return None
            temporal = Response(left.formula, right.formula, _ticks(limit, typer, lowered))
            antecedents = (left,)
        case t.MaxCost(cost=cost, limit=limit):
            temporal = CostBound(cost.text, None if limit is None else _number(limit, typer))
        case _:
            assert_never(asked)
    return Property(
        decl.name.text,
        Kind(decl.kind),
        defined=and_(*work.needs),
        sentence=decl.sentence,
        text=text_of(asked),
        antecedents=antecedents,
        conjuncts=tuple(work.parts.values()),
        temporal=temporal,
        span=decl.span,
    )


def text_of(asked: t.Asked) -> str:
    """The property as it is written, without its name and fairness."""
    body = " ".join(asked.span.text.split())
    match asked:
        case t.MaxCost():
            return f"max {body}"
        case t.Within(limit=None):
            return f"sup time({body})"
        case t.Within(response=response, limit=limit) if limit is not None and _is_sup(asked.span, response, limit):
            return f"sup time({body}"
        case _:
            return body


def _is_sup(span: Span, response: t.Expr, limit: t.Expr) -> bool:
    """Whether a bounded response was written with `sup`: its parenthesis closes behind the response."""
    between = span.source.text[response.span.end : limit.span.start]
    return "<=" in between


@dataclass(frozen=True, slots=True)
class Quantifier:
    """A quantifier over formulas with the scope of its body and the values of its variable."""

    node: t.Each
    typer: ExprTyper
    variable: m.Fixed
    values: tuple[int, ...]


@dataclass(slots=True)
class Lowering:
    """Turns formulas of one property into conditions on states; collects their needs and parts by text."""

    lowered: Lowered
    needs: list[Expr] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    typed: dict[int, tuple[t.Formula, m.TExpr]] = field(default_factory=dict)  # by identity of the node
    scopes: dict[int, Quantifier] = field(default_factory=dict)  # likewise

    # ------------------------------------------------------------ formulas

    def formula(self, node: t.Formula, typer: ExprTyper, fixed: dict[m.Fixed, int]) -> f.Formula:
        """A formula over runs."""
        match node:
            case t.Temporal(operator=operator, operands=operands):
                return _temporal(operator, [self.formula(one, typer, fixed) for one in operands])
            case t.Connective(operator=operator, operands=operands):
                return _connective(operator, [self.formula(one, typer, fixed) for one in operands])
            case t.Each():
                found: list[f.Formula] = []
                for inner, values in self.instances(node, typer, fixed):
                    found.append(self.formula(node.body, inner, values))
                return _junction(node.kind, found)
            case _:
                part = self.condition(node, typer, fixed)
                return f.Atom(part.formula, "" if fixed else part.text)

    def condition(self, node: t.Expr, typer: ExprTyper, fixed: dict[m.Fixed, int] | None = None) -> Part:
        """A condition on states; where it has no meaning it is false."""
        value, needs = self.lowered.formula(self.condition_of(node, typer), fixed)
        self.needs += [need.ok for need in needs]
        part = Part(_text(node.span), and_(*(need.ok for need in needs), value))
        if not fixed:
            self.parts.setdefault(part.text, part)
        return part

    def condition_of(self, node: t.Expr, typer: ExprTyper) -> m.TExpr:
        """The typed condition, typed once for all values of the quantifiers around it."""
        if id(node) not in self.typed:
            self.typed[id(node)] = (node, typer.condition(node))
        return self.typed[id(node)][1]

    def instances(
        self, node: t.Each, typer: ExprTyper, fixed: dict[m.Fixed, int]
    ) -> Iterator[tuple[ExprTyper, dict[m.Fixed, int]]]:
        """The scope of a quantifier's body with each value of its variable."""
        if id(node) not in self.scopes:
            ends = typer.open_range(node.domain)
            if ends is not None:
                raise needs_number(ends[3], node.variable.span, "runs are looked at for each value of a quantifier")
            kind, values = typer.domain(node.domain, node.variable.span)
            variable = m.Fixed(node.variable.text, kind, node.variable.span)
            scope = typer.scope.inner()
            scope.locals[node.variable.text] = variable
            self.scopes[id(node)] = Quantifier(node, replace(typer, scope=scope), variable, values)
        found = self.scopes[id(node)]
        for value in found.values:
            yield found.typer, {**fixed, found.variable: value}

    # ------------------------------------------------------------ vacuity

    def antecedents(self, node: t.Formula, typer: ExprTyper) -> tuple[Part, ...]:
        """Left sides of implications that are asked in every state; one under `forall` must hold for some value."""
        found: dict[Path, tuple[str, list[Expr]]] = {}
        for path, text, formula in self.left_sides(node, False, typer, {}, TRUE, ()):
            found.setdefault(path, (text, []))[1].append(formula)
        return tuple(Part(text, or_(*formulas)) for text, formulas in found.values())

    def left_sides(
        self,
        node: t.Formula,
        always: bool,
        typer: ExprTyper,
        fixed: dict[m.Fixed, int],
        context: Expr,
        path: Path,
    ) -> Iterator[tuple[Path, str, Expr]]:
        """As `parts.left_sides`; `always` below an operator G, where `context` holds in the same state."""
        match node:
            case t.Temporal(operator="G", operands=(inner,)):
                yield from self.left_sides(inner, True, typer, fixed, TRUE, (*path, 0))
            case t.Connective(operator="&&", operands=operands):
                for number, operand in enumerate(operands):
                    yield from self.left_sides(operand, always, typer, fixed, context, (*path, number))
            case t.Connective(operator="->", operands=(left, right)):
                here = context
                if always and not isinstance(left, t.Temporal | t.Connective | t.Each):
                    here = and_(context, self.condition(left, typer, fixed).formula)
                    yield path, _text(left.span), here
                    yield from self.left_sides(right, always, typer, fixed, here, (*path, 1))
            case t.Each(kind="forall"):
                for scope, values in self.instances(node, typer, fixed):
                    yield from self.left_sides(node.body, always, scope, values, context, (*path, 0))
            case t.Temporal() | t.Connective() | t.Each():
                pass
            case _ if always:
                yield from left_sides(self.condition_of(node, typer), self.lowered, fixed, context, path)


def _temporal(operator: str, parts: list[f.Formula]) -> f.Formula:
    """A temporal operator on its operands."""
    match operator, parts:
        case "X", [arg]:
            return f.Next(arg)
        case "G", [arg]:
            return f.always(arg)
        case "F", [arg]:
            return f.eventually(arg)
        case "U", [left, right]:
            return f.Until(left, right)
        case "R", [left, right]:
            return f.Release(left, right)
        case "W", [left, right]:
            return f.weak_until(left, right)
        case _:
            raise AssertionError(operator)


def _connective(operator: str, parts: list[f.Formula]) -> f.Formula:
    """A connective on its operands."""
    match operator, parts:
        case "!", [arg]:
            return f.Not(arg)
        case "&&", [left, right]:
            return f.And(left, right)
        case "||", [left, right]:
            return f.Or(left, right)
        case "->", [left, right]:
            return f.implication(left, right)
        case "<->", [left, right]:
            return f.equivalence(left, right)
        case _:
            raise AssertionError(operator)


def _junction(kind: str, parts: list[f.Formula]) -> f.Formula:
    """All parts for `forall`, one of them for `exists`."""
    if not parts:
        return f.TOP if kind == "forall" else f.BOTTOM
    whole = parts[-1]
    for part in reversed(parts[:-1]):
        whole = f.And(part, whole) if kind == "forall" else f.Or(part, whole)
    return whole


# ---------------------------------------------------------------- limits


def _ticks(limit: t.Expr | None, typer: ExprTyper, lowered: Lowered) -> int | None:
    """A limit in ticks; `slack` in it is that of the check, or the largest one that a thread declares."""
    if limit is None:
        return None
    if not _names_slack(limit):
        return _number(limit, typer)
    slack = _slack(lowered)
    if slack is None:
        raise error("E0407", "no thread has a finite slack", limit.span, "give the check one: timed slack 1")
    scope = typer.scope.inner()
    scope.locals["slack"] = Constant(slack, INTEGER, False, limit.span)
    return _number(limit, replace(typer, scope=scope))


def _names_slack(limit: t.Expr) -> bool:
    return re.search(r"\bslack\b", limit.span.text) is not None


def _slack(lowered: Lowered) -> int | None:
    if lowered.mode.slack is not None:
        return lowered.mode.slack
    instances = lowered.elaborated.model.instances
    return max((one.slack for one in instances if one.slack is not None), default=None)


def _number(limit: t.Expr, typer: ExprTyper) -> int:
    number = typer.constant(limit)
    if number < 0:
        raise error("E0301", f"the limit is {number}", limit.span, "a limit is 0 or more")
    return number


def _text(span: Span) -> str:
    return " ".join(span.text.split())
