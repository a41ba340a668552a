"""Parameters that are the number of threads in an array and nothing else, so that a proof can leave the number open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oomcheck.diag.span import Source, Span
from oomcheck.lang import tree as t
from oomcheck.lang.load import Files
from oomcheck.lang.scan import scan
from oomcheck.records import dataclass


@dataclass(frozen=True, slots=True)
class ThreadNumber:
    """A parameter that is the size of an array of threads: `family` is that of `family[0]`, `family[1]`, ...

    `elsewhere` is the first place in the model where it occurs otherwise; then the texts of the model at two of its
    values may differ in more than the number of threads.
    """

    family: str
    elsewhere: Span | None


def thread_parameters(files: Files) -> Mapping[str, ThreadNumber]:
    """The integer parameters with a lower bound and no upper one that are the size of exactly one array of threads.

    Threads in an array of processes are no such array.
    """
    items = [item for file in files.files for item in file.items]
    params = (item for item in items if isinstance(item, t.ParamDecl) and item.form == "int")
    declared = {item.name.text: item.name.span for item in params if item.low is not None and item.high is None}
    sizes: dict[str, list[tuple[str, Span]]] = {name: [] for name in declared}
    for family, dims in _thread_arrays(items):
        if len(dims) == 1 and isinstance(dims[0], t.Ident) and dims[0].name in sizes:
            sizes[dims[0].name].append((family, dims[0].span))
    given = [binding.name.span for binding in files.bindings]
    found: dict[str, ThreadNumber] = {}
    for name, used in sizes.items():
        if len(used) == 1:
            (family, size) = used[0]
            allowed = {declared[name], size, *given}
            places = (span for source in files.sources for span in mentions(source, name))
            found[name] = ThreadNumber(family, next((span for span in places if span not in allowed), None))
    return found


def _thread_arrays(items: Iterable[t.Item]) -> Iterator[tuple[str, tuple[t.Expr, ...]]]:
    """Arrays of threads by the name that their elements have in front of the index, with their sizes."""
    for item in items:
        if isinstance(item, t.ThreadDecl):
            yield item.name.text, item.dims
        elif isinstance(item, t.ProcessDecl) and not item.dims:
            for member in item.members:
                if isinstance(member, t.ThreadDecl):
                    yield f"{item.name.text}.{member.name.text}", member.dims


def mentions(source: Source, name: str) -> Iterator[Span]:
    """Where a word stands in a text, but for comments and strings."""
    for lexeme in scan(source):
        if lexeme.kind == "word" and lexeme.text == name:
            yield Span(source, lexeme.start, lexeme.end)


def mentioned_in(spec: t.SpecFile, name: str) -> Mapping[str, Span]:
    """The properties of a spec that a name occurs in, with the first place; all of them if a `define` has it.

    Checks do not count: what they say of a parameter is a number.
    """
    places = list(mentions(spec.span.source, name))
    shared = next((p for p in places for define in spec.defines if _covers(define.span, p)), None)
    found: dict[str, Span] = {}
    for prop in spec.properties:
        place = shared or next((p for p in places if _covers(prop.span, p)), None)
        if place is not None:
            found[prop.name.text] = place
    return found


def _covers(whole: Span, part: Span) -> bool:
    return whole.start <= part.start and part.end <= whole.end
