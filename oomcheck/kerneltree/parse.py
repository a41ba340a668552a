"""What a C file defines, found in the tree that tree-sitter makes of it; needs the extra `kernel`.

Nothing is preprocessed: all branches of an #if count. Macros that are no C to a parser without headers (`__init`,
`SYSCALL_DEFINE2(...) { }`) make error nodes; definitions inside of these, or behind them, are found all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import tree_sitter_c
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from oomcheck.kerneltree.definition import Definition, Kind
from oomcheck.kerneltree.names import WORD, displaced_name, macro_name
from oomcheck.kerneltree.tokens import line_end, statement_end, tokens

Key = tuple[str, str, int]  # name, owner, start

LANGUAGE: Final = Language(tree_sitter_c.language())
#: Parents of what stands at file scope.
OUTER: Final = (
    *("translation_unit", "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "preproc_elifdef"),
    *("declaration_list", "ERROR"),
)
#: Statements of file scope: variables, prototypes, calls of macros, bodies that a macro is the head of.
LOOSE: Final = ("declaration", "expression_statement", "compound_statement")
QUERY: Final = Query(
    LANGUAGE,
    """
    (function_definition) @function
    (preproc_def) @macro
    (preproc_function_def) @macro
    (struct_specifier body: (_)) @type
    (union_specifier body: (_)) @type
    (enum_specifier body: (_)) @type
    (ERROR (function_declarator) @head)
    (type_definition) @typedef
    (field_declaration) @member
    (enumerator name: (identifier) @name) @enumerator
    """
    + "\n".join(f"({outer} ({inner}) @loose)" for outer in OUTER for inner in LOOSE),
)
#: The end of a definition in the layout of the kernel.
MARGIN: Final = re.compile(rb"^\}[^\n]*(?:\n|\Z)", re.MULTILINE)
#: What stands before the name of a function.
SPECIFIERS: Final = (
    *("storage_class_specifier", "type_qualifier", "primitive_type", "sized_type_specifier", "type_identifier"),
    *("struct_specifier", "union_specifier", "enum_specifier", "*", "identifier"),
)
#: The word of a declaration of what is defined somewhere else.
EXTERN: Final = b"extern"


def definitions(text: bytes) -> tuple[Definition, ...]:
    """All definitions of a file, in the order of the text; a name may have several. Nothing is rejected."""
    found, lost = _parsed(text, 0)
    for start, end in lost:
        heads = [made for made in found.values() if made.start == start]
        found = {key: made for key, made in found.items() if not start <= made.start < end}
        pieces = list(_pieces(text, start, end))
        line = text.count(b"\n", 0, start)
        for piece_start, piece_end in pieces:
            found |= _parsed(text[piece_start:piece_end], piece_start, line)[0]
            line += text.count(b"\n", piece_start, piece_end)
        for made in heads:  # the function that the parser got lost in ends where the first piece does
            kept = replace(made, end=start + len(text[start : pieces[0][1]].rstrip()))
            found.setdefault((kept.name, kept.owner, kept.start), kept)
    return tuple(sorted(found.values(), key=lambda made: (made.start, made.end, made.name)))


def _parsed(text: bytes, offset: int, line: int = 0) -> tuple[dict[Key, Definition], list[tuple[int, int]]]:
    """The definitions of a text that stands at an offset of a file, and the ranges where the parser lost its way.

    There a macro with half a loop in it, say, keeps the parser in the body of a function until far below its end.
    """
    root = Parser(LANGUAGE).parse(text).root_node
    found: dict[Key, Definition] = {}
    lost: list[tuple[int, int]] = []
    for _, captures in QueryCursor(QUERY).matches(root):
        for node in captures.get("function", ()):
            if node.has_error and MARGIN.search(text, node.start_byte, node.end_byte - 1) and _outer(node):
                lost.append((offset + node.start_byte, offset + node.end_byte))
        for made in _of_match(text, captures):
            key = (made.name, made.owner, offset + made.start)
            if key not in found or found[key].kind is Kind.DECLARATION:
                found[key] = replace(made, start=offset + made.start, end=offset + made.end, line=line + made.line)
    return found, lost


def _pieces(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A range cut behind each line that begins with a brace, as definitions of the kernel end."""
    for match in MARGIN.finditer(text, start, end):
        if match.end() > start:
            yield start, match.end()
            start = match.end()
    if start < end:
        yield start, end


def _of_match(text: bytes, captures: dict[str, list[Node]]) -> Iterator[Definition]:
    names = [_text(node) for node in captures.get("name", ())]
    for capture, nodes in captures.items():
        for node in nodes:
            match capture:
                case "macro":
                    yield from _directive(text, node)
                case "enumerator":
                    yield _made(names[0], Kind.ENUMERATOR, node)
                case "function":
                    yield from _function(node)
                case "head":
                    yield from _broken(text, node)
                case "type":
                    yield from (_made(_text(tag), Kind.TYPE, node) for tag in node.children_by_field_name("name"))
                case "typedef":
                    for declarator in node.children_by_field_name("declarator"):
                        yield from (_made(name, Kind.TYPE, node) for name, _ in _declared(declarator))
                case "member":
                    yield from _members(node)
                case "loose":
                    yield from _loose(text, node)
                case _:
                    pass


def _directive(text: bytes, node: Node) -> Iterator[Definition]:
    """A macro; a comment over several lines in it leads the parser to another name than the one behind `define`."""
    end = line_end(text, node.start_byte)
    words = tokens(text[node.start_byte : end])[2:3]
    yield from (_made(word.decode(), Kind.MACRO, node, end) for word in words if WORD.fullmatch(word))


def _made(name: str, kind: Kind, node: Node, end: int = 0, owner: str = "") -> Definition:
    return Definition(name, kind, node.start_point.row + 1, node.start_byte, end or node.end_byte, owner)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _declared(node: Node) -> Iterator[tuple[str, bool]]:
    """Names in a declarator, and whether each is a function; names of parameters do not count."""
    stack = [(node, False)]
    while stack:
        inner, function = stack.pop()
        match inner.type:
            case "identifier" | "field_identifier" | "type_identifier":
                if not inner.is_missing:
                    yield _text(inner), function
            case "function_declarator":
                declarator = inner.child_by_field_name("declarator")
                if declarator is not None:
                    stack.append((declarator, True))
            case "parenthesized_declarator":  # (*pointer)(...) is a variable
                stack += [(child, False) for child in inner.named_children]
            case "init_declarator" | "array_declarator" | "pointer_declarator" | "attributed_declarator":
                declarator = inner.child_by_field_name("declarator")
                kids = [declarator] if declarator is not None else inner.named_children[:1]
                stack += [(child, function) for child in kids]
            case _:
                pass


def _outer(node: Node) -> bool:
    """Whether a node stands at file scope, or at the left margin of a text that the parser has lost its way in."""
    if node.start_point.column == 0:
        return True
    above = node.parent
    while above is not None:
        if above.type in ("compound_statement", "field_declaration_list"):
            return False
        above = above.parent
    return True


def _function(node: Node) -> Iterator[Definition]:
    """A function; what looks like one inside of a function is a loop of a macro such as `for_each_process(p) { }`."""
    declarator = node.child_by_field_name("declarator")
    if declarator is None or not _outer(node):
        return
    macro = _macro(node)
    names = [macro] if macro else [name for name, function in _declared(declarator) if function]
    kind = node.child_by_field_name("type")
    if not names and declarator.type == "parenthesized_declarator" and kind is not None:
        names = [_text(kind)]  # `asmlinkage __visible void f(void) { }`, where two declarations were seen before
    first = node
    while first.prev_sibling is not None and _is_torn(first.prev_sibling):
        first = first.prev_sibling
    for name in names:
        yield Definition(name, Kind.FUNCTION, first.start_point.row + 1, first.start_byte, node.end_byte)


def _is_torn(node: Node) -> bool:
    """Whether a declaration has no end, as the parser took a macro for its name."""
    return node.type == "declaration" and bool(node.children) and node.children[-1].is_missing


def _broken(text: bytes, head: Node) -> Iterator[Definition]:
    """A function with a body that the parser makes no sense of: it ends where a line begins with a brace."""
    behind = head.next_sibling
    if behind is None or behind.type != "{" or not _outer(head):
        return
    first = head
    while first.prev_sibling is not None and first.prev_sibling.type in SPECIFIERS:
        first = first.prev_sibling
    close = MARGIN.search(text, behind.end_byte)
    end = len(text[: close.end()].rstrip()) if close else behind.end_byte
    for name, _ in _declared(head):
        yield Definition(name, Kind.FUNCTION, first.start_point.row + 1, first.start_byte, end)


def _members(node: Node) -> Iterator[Definition]:
    owner = _owner(node)
    names = [name for part in node.children_by_field_name("declarator") for name, _ in _declared(part)]
    if not names:
        names = [name for name in [_macro(node)] if name]
    yield from (_made(name, Kind.MEMBER, node, owner=owner) for name in names)


def _owner(node: Node) -> str:
    """Tag of the innermost structure with a tag that a member is in."""
    above = node.parent
    while above is not None:
        if above.type in ("struct_specifier", "union_specifier"):
            tag = above.child_by_field_name("name")
            if tag is not None:
                return _text(tag)
        above = above.parent
    return ""


def _macro(node: Node) -> str:
    body = node.child_by_field_name("body")
    return macro_name((node.text or b"")[: body.start_byte - node.start_byte if body is not None else None])


def _loose(text: bytes, node: Node) -> Iterator[Definition]:
    """Names of a statement at file scope."""
    if not _outer(node):
        return
    if node.type == "compound_statement":
        yield from _headless(node)
        return
    end = statement_end(text, node.start_byte, node.end_byte)
    following = node.next_sibling
    name = _macro(node)
    if name:
        if following is None or following.type != "compound_statement":  # else it is the head of a function
            yield _made(name, Kind.VARIABLE, node, end)
        return
    if node.type == "expression_statement":
        yield from _torn(node, end)
        return
    external = any(child.type == "storage_class_specifier" and child.text == EXTERN for child in node.children)
    declarators = node.children_by_field_name("declarator")
    errors = [child for part in (node, *declarators) for child in part.children if child.type == "ERROR"]
    parts = [*declarators, *(inner for error in errors for inner in error.named_children)]
    names = [found for part in parts for found in _declared(part)]
    if node.has_error or any(name.startswith("__") for name, _ in names):
        names += [(name, False) for name in [displaced_name(text[node.start_byte : end])] if name]
    for name, function in names:
        yield _made(name, Kind.DECLARATION if external or function else Kind.VARIABLE, node, end)


def _torn(node: Node, end: int) -> Iterator[Definition]:
    """The second half of a declaration that the parser tore in two: `unsigned int __read_mostly x = 1;`."""
    before = node.prev_sibling
    if before is None or not _is_torn(before):
        return
    inner = node.named_children[0] if node.named_children else node
    name = inner.child_by_field_name("left") if inner.type == "assignment_expression" else inner
    if name is not None and name.type == "identifier":
        yield Definition(_text(name), Kind.VARIABLE, before.start_point.row + 1, before.start_byte, end)


def _headless(body: Node) -> Iterator[Definition]:
    """The function whose body stands alone, as its head is a macro: `SYSCALL_DEFINE2(name, ...) { }`."""
    head = body.prev_sibling
    while head is not None and head.type == "comment":
        head = head.prev_sibling
    if head is None:
        return
    name = _macro(head)
    names = [name] if name else [n for part in _parts(head) for n, function in _declared(part) if function]
    for name in names:
        yield Definition(name, Kind.FUNCTION, head.start_point.row + 1, head.start_byte, body.end_byte)


def _parts(head: Node) -> list[Node]:
    return [head] if head.type == "function_declarator" else head.children_by_field_name("declarator")
