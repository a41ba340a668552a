"""What is allowed but probably not meant: warnings with a place and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from oomcheck.diag.diagnostic import Diagnostic, Severity
from oomcheck.diag.span import Span
from oomcheck.lang import model as m
from oomcheck.lang import tree as t
from oomcheck.lang.atomicity import bodies, shared_reads, wide_places
from oomcheck.lang.calls import expressions_of, own_expressions, statements_of
from oomcheck.lang.costs import counters
from oomcheck.lang.elaborate import Elaborated
from oomcheck.lang.load import read_spec
from oomcheck.lang.scope import FunctionHead, Macro, Variable
from oomcheck.objects.table import OPERATIONS


def lint(elaborated: Elaborated, specs: tuple[Path, ...] = ()) -> list[Diagnostic]:
    """All findings, in the order of the text."""
    trees = [read_spec(path)[0] for path in specs]
    found = [
        *_split_reads(elaborated.model),
        *_one_instant(elaborated.model),
        *_ignored(elaborated.model),
        *_unused(elaborated, trees),
        *_references(elaborated.model),
        *_unchecked(trees),
    ]
    unique = {(d.code, str(d.span), d.message): replace(d, severity=Severity.WARNING) for d in found}
    return sorted(unique.values(), key=_order)


def _order(found: Diagnostic) -> tuple[str, int, str]:
    return (found.span.path, found.span.start, found.code) if found.span else ("", 0, found.code)


def _split_reads(model: m.Model) -> Iterator[Diagnostic]:
    """Expressions of threads that read shared state more than once."""
    for body in bodies(model):
        inside = {id(s) for a in statements_of(body) if isinstance(a, m.SAtomic) for s in statements_of(a.body)}
        for stmt in statements_of(body):
            if isinstance(stmt, m.STest) or id(stmt) in inside or (isinstance(stmt, m.SAssign) and stmt.ghost):
                continue
            for expr in own_expressions(stmt):
                reads = shared_reads(expr)
                if reads > 1:
                    message = f"{reads} shared reads in one expression: each is a step of its own"
                    yield Diagnostic("W0601", message, expr.span, "another thread can run between them")


def _one_instant(model: m.Model) -> Iterator[Diagnostic]:
    for span, text in wide_places(model):
        yield Diagnostic("W0603", f"{text}: seen at one instant", _line(span))


def _line(span: Span) -> Span:
    end = span.text.find("\n")
    return replace(span, end=span.start + end) if end > 0 else span


def _ignored(model: m.Model) -> Iterator[Diagnostic]:
    for body in bodies(model):
        for stmt in statements_of(body):
            if not isinstance(stmt, m.SCall) or not isinstance(stmt.call, m.CallOperation):
                continue
            operation = OPERATIONS[stmt.call.operation]
            if not operation.must_use:
                continue
            if operation.name.endswith("dec_and_test"):
                hint = "whoever drops the last reference must release the object"
                yield Diagnostic("W0602", f"the result of {operation.name} is ignored", stmt.span, hint)
            else:
                yield Diagnostic("W0607", f"the result of {operation.name} is ignored", stmt.span)


def _unused(elaborated: Elaborated, specs: list[t.SpecFile]) -> Iterator[Diagnostic]:
    """Declarations that no thread and, where specs are given, no property mentions."""
    model = elaborated.model
    functions, storages = _reached(model)
    words = {word for spec in specs for word in _words(spec.span)}
    mentioned = _all_words(model) | words
    for name, symbol in elaborated.globals.names.items():
        if isinstance(symbol, FunctionHead) and name not in functions and not symbol.softirq:
            yield Diagnostic("W0604", f"function `{name}` is never called", _line(symbol.span))
        elif isinstance(symbol, Variable) and symbol.key not in storages and name not in words:
            yield Diagnostic("W0604", f"`{name}` is never used", symbol.span)
        elif isinstance(symbol, Macro) and name not in mentioned:
            yield Diagnostic("W0604", f"macro `{name}` is never used", symbol.span)
    bounded = {p.asked.cost.text for spec in specs for p in spec.properties if isinstance(p.asked, t.MaxCost)}
    for name, places in counters(model).items():
        if specs and name not in bounded:
            hint = f"bound NAME : max {name};"
            yield Diagnostic("W0604", f"no property bounds the cost `{name}`", places[0], hint)


def _reached(model: m.Model) -> tuple[set[str], set[str]]:
    """Functions called from threads, and storages that some body names."""
    functions: set[str] = set()
    storages: set[str] = {f.storage.key for f in model.freezers}
    work = [t.body for t in model.templates]
    work += [f.body for f in model.functions if f.softirq]
    for storage in model.storages:
        if storage.release:
            functions.add(storage.release)
            work.append(model.function(storage.release).body)
    while work:
        body = work.pop()
        for place in _places(body):
            if isinstance(place.storage, m.Storage):
                storages.add(place.storage.key)
        for expr in expressions_of(body):
            if isinstance(expr, m.CallFunction) and expr.function not in functions:
                functions.add(expr.function)
                work.append(model.function(expr.function).body)
    return functions, storages


def _places(body: m.TStmt) -> Iterator[m.Place]:
    for stmt in statements_of(body):
        if isinstance(stmt, m.SAssign):
            yield stmt.place
        elif isinstance(stmt, m.SRcu):
            yield stmt.domain
    for expr in expressions_of(body):
        match expr:
            case m.Load(place=place):
                yield place
            case m.CallFunction(args=args) | m.CallOperation(args=args):
                for arg in args:
                    if isinstance(arg, m.Place):
                        yield arg
            case _:
                pass


def _words(span: Span) -> set[str]:
    text = "".join(c if c.isalnum() or c == "_" else " " for c in span.source.text)
    return set(text.split())


def _all_words(model: m.Model) -> set[str]:
    """Words that occur at least twice in the sources: a name and a use of it."""
    counts: dict[str, int] = {}
    for source in model.sources:
        text = "".join(c if c.isalnum() or c == "_" else " " for c in source.text)
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    return {word for word, count in counts.items() if count > 1}


def _references(model: m.Model) -> Iterator[Diagnostic]:
    """In a model of a kernel, functions and threads say which code they stand for; its environment need not."""
    if not model.kernel:
        return
    for function in model.functions:
        if not function.source:
            kind = "softirq" if function.softirq else "function"
            message = f"{kind} `{function.name}` has no source reference"
            yield Diagnostic("W0608", message, function.span, '@ "file:function"')
    environment = {instance.template for instance in model.instances if instance.kind == "env"}
    for template in model.templates:
        if not template.source and template.name not in environment:
            message = f"thread `{template.name}` has no source reference"
            yield Diagnostic("W0608", message, _line(template.span), '@ "file:function"')


def _unchecked(specs: list[t.SpecFile]) -> Iterator[Diagnostic]:
    """Properties that no check names, in a spec that has checks: they run under `default` without expectation.

    A lemma is there for the proofs of the others.
    """
    for spec in specs:
        named = {name.text for check in spec.checks for name in check.properties or ()}
        everything = any(check.properties is None for check in spec.checks)
        for prop in spec.properties:
            if spec.checks and not everything and prop.name.text not in named and prop.kind != "lemma":
                yield Diagnostic("W0606", f"no check names `{prop.name.text}`", prop.name.span)
