"""The source references of a model: `@ "file:name"`, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.span import Source, Span
from oomcheck.lang.nodes import Token, Tree
from oomcheck.lang.parsing import parse_tree
from oomcheck.records import dataclass

Version = tuple[int, int]

#: A path below the tree, and a name, a `structure.member`, or neither.
_REFERENCE: Final = re.compile(r"([\w+-][\w.+-]*(?:/[\w+-][\w.+-]*)*)(?::((?:[A-Za-z_]\w*\.)?[A-Za-z_]\w*))?", re.ASCII)
_VERSION: Final = re.compile(r"\bv?([0-9]{1,3})\.([0-9]{1,4})\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """`file:owner.name`; owner, or owner and name may be "". `kernels` is what the head of the model's file says."""

    text: str
    file: str
    owner: str
    name: str
    kernels: str
    span: Span = field(compare=False)


def references(sources: Iterable[Source]) -> list[Reference]:
    """All source references of models and libraries, in the order of the texts; E0218 for those that are none."""
    found: list[Reference] = []
    wrong: list[Diagnostic] = []
    for source in sources:
        tree = parse_tree(source, "model")
        kernels = _kernels(tree)
        for node in sorted((n for n in tree.subtrees() if n.data == "srcref"), key=lambda n: n.start):
            made = _reference(source, node, kernels)
            (found if isinstance(made, Reference) else wrong).append(made)  # type: ignore[arg-type]
    if wrong:
        raise OomcheckError(wrong)
    return found


def _kernels(tree: Tree) -> str:
    """The text behind `source` in the head of a model, "" if there is none."""
    for node in tree.subtrees():
        if node.data in ("model_header", "library_header") and len(node.children) > 1:
            return str(node.children[1])[1:-1]
    return ""


def _reference(source: Source, node: Tree, kernels: str) -> Reference | Diagnostic:
    token = node.children[0]
    assert isinstance(token, Token)
    span, text = Span(source, token.start, token.end), str(token)[1:-1]
    match = _REFERENCE.fullmatch(text)
    if match is None:
        hint = 'a path below the kernel tree and a name: @ "mm/oom_kill.c:oom_reaper"'
        return Diagnostic("E0218", f"`{text:.80}` is no source reference", span, hint)
    owner, _, name = (match[2] or "").rpartition(".")
    return Reference(text, match[1], owner, name, kernels, span)


def version_of(text: str) -> Version | None:
    """The first `6.12` of a text."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2])) if match else None


def covers(kernels: str, version: str) -> bool:
    """Whether a model that describes `kernels` (`linux v4.6 .. v4.9`) is about `version`; true where nobody knows."""
    named = [(int(match[1]), int(match[2])) for match in _VERSION.finditer(kernels)]
    found = version_of(version)
    return not named or found is None or min(named) <= found <= max(named)
