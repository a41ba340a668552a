"""What the formatter needs to know from the parse tree: which tokens start lines, and which stand close together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import Token, Tree

BRANCHING = ("if_then", "if_else", "compound")  # the first child is a condition or head, the others are bodies


@dataclass(slots=True)
class Layout:
    """Decisions by the offset of a token; depths count tabs."""

    starts: dict[int, int] = field(default_factory=dict)  # starts a line at this depth
    soft: dict[int, int] = field(default_factory=dict)  # a line at this depth if it started one already
    closers: dict[int, int] = field(default_factory=dict)  # `}` of a block
    openers: set[int] = field(default_factory=set)  # `{` of a block
    elses: dict[int, int] = field(default_factory=dict)  # `else` and `or` between blocks
    tight: set[int] = field(default_factory=set)  # label colons, `..` of types: no blank before
    stars: set[int] = field(default_factory=set)  # `*` of pointers: no blank after


def layout(tree: Tree[Token], tokens: tuple[Token, ...]) -> Layout:
    """The layout of a whole file."""
    result = Layout()
    if tokens:
        result.starts[begin(tokens[0])] = 0
    offsets = [begin(token) for token in tokens]
    for child in _trees(tree):
        result.starts[child.meta.start_pos] = 0
        _walk(child, 0, result, tokens, offsets)
    return result


def begin(token: Token) -> int:
    """Offset of a token."""
    return token.start_pos or 0


def _trees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    """Children that are trees and have a place."""
    return (child for child in tree.children if isinstance(child, Tree) and not child.meta.empty)


def _walk(tree: Tree[Token], depth: int, result: Layout, tokens: tuple[Token, ...], offsets: list[int]) -> None:
    """Collect the decisions below `tree`, whose first line is at `depth`."""
    kind = tree.data
    inner = depth
    if kind == "block":
        result.openers.add(tree.meta.start_pos)
        result.closers[tree.meta.end_pos - 1] = depth
        inner = depth + 1
        result.starts.update((child.meta.start_pos, inner) for child in _trees(tree))
    elif kind in ("struct_decl", "process_decl"):
        inner = depth + 1
        _members(tree, inner, result, tokens, offsets)
    elif kind == "bound_range":
        result.tight |= _range_dots(tree, tokens, offsets)
    elif kind in ("pointer_type", "object_formal"):
        result.stars.add(_next(tokens, offsets, tree.meta.start_pos, "*"))
    elif kind == "either":
        blocks = [child for child in _trees(tree) if child.data == "block"]
        result.elses.update((_next(tokens, offsets, b.meta.end_pos, "or"), depth) for b in blocks[:-1])
    elif kind == "label":
        result.tight.add(tree.meta.end_pos - 1)
    bodies = _bodies(tree, depth, result, tokens, offsets)
    for child in _trees(tree):
        _walk(child, bodies.get(child.meta.start_pos, inner), result, tokens, offsets)


def _bodies(
    tree: Tree[Token], depth: int, result: Layout, tokens: tuple[Token, ...], offsets: list[int]
) -> dict[int, int]:
    """Depths of the statements that `tree` governs, by their offsets; those without braces start a line."""
    children = list(_trees(tree))
    depths: dict[int, int] = {}
    if tree.data == "labelled":
        result.soft[children[1].meta.start_pos] = depth
    if tree.data not in BRANCHING:
        return depths
    if tree.data == "if_else":
        result.elses[_next(tokens, offsets, children[1].meta.end_pos, "else")] = depth
    for number, body in enumerate(children[1:]):
        chained = number == 1 and body.data in ("if_then", "if_else")
        joined = body.data == "block" or chained
        depths[body.meta.start_pos] = depth if joined else depth + 1
        if not joined:
            result.starts[body.meta.start_pos] = depth + 1
    return depths


def _members(tree: Tree[Token], inner: int, result: Layout, tokens: tuple[Token, ...], offsets: list[int]) -> None:
    """The braces and members of a struct or process."""
    opener = _next(tokens, offsets, tree.meta.start_pos, "{")
    last = bisect_left(offsets, tree.meta.end_pos) - 1
    while tokens[last] != "}":
        last -= 1
    result.openers.add(opener)
    result.closers[offsets[last]] = inner - 1
    result.starts.update((c.meta.start_pos, inner) for c in _trees(tree) if c.meta.start_pos > opener)


def _next(tokens: tuple[Token, ...], offsets: list[int], offset: int, text: str) -> int:
    """Offset of the first token `text` at or after `offset`."""
    place = bisect_left(offsets, offset)
    while tokens[place] != text:
        place += 1
    return offsets[place]


def _range_dots(tree: Tree[Token], tokens: tuple[Token, ...], offsets: list[int]) -> set[int]:
    """Offset of the `..` of an integer type; others may stand in parentheses within its bounds."""
    depth = 0
    for place in range(bisect_left(offsets, tree.meta.start_pos), bisect_left(offsets, tree.meta.end_pos)):
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if depth == 0 and tokens[place] == "..":
            return {offsets[place]}
    return set()
