"""What the formatter needs to know from the parse tree: which tokens start lines, and which stand close together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import field

from oomcheck.lang.nodes import Token, Tree
from oomcheck.records import dataclass

BRANCHING = ("if_then", "if_else", "compound")  # the first child is a condition or head, the others are bodies
BODIES = ("function_decl", "procedure_decl", "softirq_decl", "thread_decl")


@dataclass(slots=True)
class Layout:
    """Decisions by the offset of a token; depths count tabs."""

    starts: dict[int, int] = field(default_factory=dict)  # starts a line at this depth
    soft: dict[int, int] = field(
        default_factory=dict
    )  # a line at this depth if the author broke it or the label is long
    labels: set[int] = field(default_factory=set)  # starts a line, at its very beginning
    closers: dict[int, int] = field(default_factory=dict)  # `}` of a block with lines of its own
    openers: set[int] = field(default_factory=set)  # `{` of such a block
    begins: set[int] = field(default_factory=set)  # `{` of any block
    bodies: set[int] = field(default_factory=set)  # `{` that may stand on a line of its own: functions, threads
    ends: set[int] = field(default_factory=set)  # `}` of any block
    elses: dict[int, int] = field(default_factory=dict)  # `else` and `or` between blocks
    tight: set[int] = field(default_factory=set)  # label colons, `..` of types: no blank before
    stars: set[int] = field(default_factory=set)  # `*` of pointers: no blank after


@dataclass(frozen=True, slots=True)
class Code:
    """The text that is laid out, and its tokens with their offsets."""

    text: str
    tokens: tuple[Token, ...]
    offsets: tuple[int, ...]

    def next(self, offset: int, text: str) -> int:
        """Offset of the first token `text` at or after `offset`."""
        place = bisect_left(self.offsets, offset)
        while self.tokens[place] != text:
            place += 1
        return self.offsets[place]

    def last(self, end: int, text: str) -> int:
        """Offset of the last token `text` before `end`."""
        place = bisect_left(self.offsets, end) - 1
        while self.tokens[place] != text:
            place -= 1
        return self.offsets[place]


def layout(tree: Tree, tokens: tuple[Token, ...], text: str) -> Layout:
    """The layout of a whole file."""
    result = Layout()
    code = Code(text, tokens, tuple(begin(token) for token in tokens))
    if tokens:
        result.starts[begin(tokens[0])] = 0
    for child in _trees(tree):
        result.starts[child.start] = 0
        _walk(child, 0, result, code)
    return result


def begin(token: Token) -> int:
    """Offset of a token."""
    return token.start


def _trees(tree: Tree) -> Iterator[Tree]:
    """Children that are trees and have a place."""
    return (child for child in tree.children if isinstance(child, Tree) and not child.empty)


def _walk(tree: Tree, depth: int, result: Layout, code: Code) -> None:
    """Collect the decisions below `tree`, whose first line is at `depth`."""
    start, end = tree.start, tree.end
    depths = _bodies(tree, depth, result, code)
    match tree.data:
        case "block":
            depths = _braces(tree, start, end - 1, depth, result, code)
        case "struct_decl" | "process_decl":
            depths = _braces(tree, code.next(start, "{"), code.last(end, "}"), depth, result, code)
        case "bound_range":
            result.tight |= _range_dots(tree, code)
        case "pointer_type" | "object_formal":
            result.stars.add(code.next(start, "*"))
        case "label":
            result.tight.add(end - 1)
            result.labels.add(start)
        case "either":
            blocks = [child for child in _trees(tree) if child.data == "block"]
            result.elses.update((code.next(block.end, "or"), depth) for block in blocks[:-1])
        case kind if kind in BODIES:
            result.bodies.update(child.start for child in _trees(tree) if child.data == "block")
    for child in _trees(tree):
        _walk(child, depths.get(child.start, depth), result, code)


def _braces(tree: Tree, opener: int, closer: int, depth: int, result: Layout, code: Code) -> dict[int, int]:
    """Depths of what stands in braces. A block on one line stays there if its statements are simple."""
    inside = [child for child in _trees(tree) if opener < child.start < closer]
    result.begins.add(opener)
    result.ends.add(closer)
    if "\n" not in code.text[opener:closer] and not any(child.data in (*BRANCHING, "labelled") for child in inside):
        return {}
    result.openers.add(opener)
    result.closers[closer] = depth
    depths = {child.start: depth + 1 for child in inside}
    result.starts.update(depths)
    return depths


def _bodies(tree: Tree, depth: int, result: Layout, code: Code) -> dict[int, int]:
    """Depths of the statements that `tree` governs, by their offsets; those without braces start a line."""
    children = list(_trees(tree))
    depths: dict[int, int] = {}
    if tree.data == "labelled":
        where = result.starts if children[1].data == "labelled" else result.soft
        where[children[1].start] = depth
    if tree.data not in BRANCHING:
        return depths
    if tree.data == "if_else":
        result.elses[code.next(children[1].end, "else")] = depth
    for number, body in enumerate(children[1:]):
        chained = number == 1 and body.data in ("if_then", "if_else")
        joined = body.data == "block" or chained
        depths[body.start] = depth if joined else depth + 1
        if not joined:
            result.starts[body.start] = depth + 1
    return depths


def _range_dots(tree: Tree, code: Code) -> set[int]:
    """Offset of the `..` of an integer type; others may stand in parentheses within its bounds."""
    depth = 0
    first, end = (bisect_left(code.offsets, offset) for offset in (tree.start, tree.end))
    for place in range(first, end):
        depth += (code.tokens[place] == "(") - (code.tokens[place] == ")")
        if depth == 0 and code.tokens[place] == "..":
            return {code.offsets[place]}
    return set()
