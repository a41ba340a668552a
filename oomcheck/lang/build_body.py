"""From the parser's tree to the syntax tree: types, statements and expressions."""

from __future__ import annotations

from typing import cast

from oomcheck.diag.span import Source, Span
from oomcheck.lang import tree as t
from oomcheck.lang.nodes import NOWHERE, Node, Token, Tree


def as_tree(node: Node) -> Tree:
    """`node`, which the grammar makes a tree here."""
    assert isinstance(node, Tree)
    return node


def children_after(node: Tree, count: int) -> list[Node]:
    """Children past the first `count`, without absent optional parts."""
    return [child for child in node.children[count:] if child is not None]


class BodyBuilder:
    """Builds bodies of one source; holds nothing but the source."""

    def __init__(self, source: Source) -> None:
        self._source = source

    # ------------------------------------------------------------ small parts

    def span(self, node: Node) -> Span:
        """Characters that a node covers; an empty tree has an empty span."""
        assert node is not None
        return Span(self._source, 0, 0) if node.start == NOWHERE else Span(self._source, node.start, node.end)

    def name(self, node: Node) -> t.Name:
        """An identifier."""
        return t.Name(str(node), self.span(node))

    def name_expr(self, node: Node) -> t.Ident:
        """An identifier as an expression."""
        return t.Ident(str(node), self.span(node))

    def names(self, node: Node) -> tuple[t.Name, ...]:
        """A list of identifiers."""
        return tuple(self.name(child) for child in as_tree(node).children)

    def string(self, node: Node) -> str:
        """The text between the quotes."""
        return str(node)[1:-1]

    def source_ref(self, node: Tree) -> str:
        """The `@ "..."` among the children of a node, or ""."""
        for child in node.children:
            if isinstance(child, Tree) and child.data == "srcref":
                return self.string(cast(Token, child.children[0]))
        return ""

    def cost(self, node: Tree) -> t.Name | None:
        """The `cost NAME` among the children of a statement."""
        for child in node.children:
            if isinstance(child, Tree) and child.data == "cost":
                return self.name(child.children[0])
        return None

    def dims(self, node: Node) -> tuple[t.Expr, ...]:
        """The sizes in brackets."""
        return tuple(self.expr(child) for child in as_tree(node).children)

    def declarator(self, node: Tree) -> t.Declarator:
        """A declared name with its sizes and first value."""
        name, dims, init = node.children
        return t.Declarator(self.name(name), self.dims(dims), self.expr(init) if init is not None else None)

    def type(self, node: Node) -> t.TypeExpr:
        """A type as written."""
        found = as_tree(node)
        span = self.span(node)
        match str(found.data):
            case "bool_type":
                return t.TypeExpr(t.TypeForm.BOOL, span)
            case "int_type":
                if found.children[0] is None:
                    return t.TypeExpr(t.TypeForm.INT, span)
                low, high = as_tree(found.children[0]).children
                return t.TypeExpr(t.TypeForm.INT, span, low=self.expr(low), high=self.expr(high))
            case "named_type":
                return t.TypeExpr(t.TypeForm.NAMED, span, name=str(found.children[0]))
            case _:
                return t.TypeExpr(t.TypeForm.POINTER, span, name=str(found.children[0]))

    # ------------------------------------------------------------ statements

    def block(self, node: Node) -> t.Block:
        """A block."""
        found = as_tree(node)
        return t.Block(tuple(self.stmt(as_tree(c)) for c in found.children), self.span(found))

    def stmt(self, node: Tree) -> t.Stmt:
        """A statement of any form."""
        span = self.span(node)
        kids = node.children
        match str(node.data):
            case "block":
                return self.block(node)
            case "labelled":
                return t.Labelled(self.name(as_tree(kids[0]).children[0]), self.stmt(as_tree(kids[1])), span)
            case "if_then":
                return t.If(self.expr(kids[0]), self.stmt(as_tree(kids[1])), None, span)
            case "if_else":
                then, other = self.stmt(as_tree(kids[1])), self.stmt(as_tree(kids[2]))
                return t.If(self.expr(kids[0]), then, other, span)
            case "compound":
                return self.compound(as_tree(kids[0]), as_tree(kids[1]), span)
            case "atomic":
                return t.Atomic(self.block(kids[-1]), self.source_ref(node), span)
            case "either":
                blocks = tuple(self.block(c) for c in kids if isinstance(c, Tree) and c.data == "block")
                return t.Either(blocks, self.source_ref(node), span)
            case _:
                return self.simple(node, self.source_ref(node), span)

    def compound(self, head: Tree, body: Tree, span: Span) -> t.Stmt:
        """A loop or an RCU section."""
        inner = self.stmt(body)
        kids = head.children
        match str(head.data):
            case "while_head":
                return t.While(self.expr(kids[0]), inner, span)
            case "loop_head":
                return t.While(None, inner, span)
            case "for_up":
                return t.ForRange(self.name(kids[0]), self.expr(kids[1]), self.expr(kids[2]), False, inner, span)
            case "for_down":
                return t.ForRange(self.name(kids[0]), self.expr(kids[1]), self.expr(kids[2]), True, inner, span)
            case "for_each":
                return t.ForEach(self.name(kids[0]), self.expr(kids[1]), inner, False, span)
            case "for_thread":
                return t.ForEach(self.name(kids[1]), self.expr(kids[2]), inner, True, span)
            case _:
                domain = self.expr(kids[1]) if kids[1] is not None else None
                return t.RcuSection(domain, inner, span)

    def simple(self, node: Tree, source: str, span: Span) -> t.Stmt:
        """A statement that contains no statement."""
        kids = node.children
        match str(node.data):
            case "local":
                found = tuple(self.declarator(c) for c in kids if isinstance(c, Tree) and c.data == "declarator")
                return t.Local(self.type(kids[0]), found, source, span, self.cost(node))
            case "assign":
                return t.Assign(self.expr(kids[0]), str(kids[1]), self.expr(kids[2]), source, span, self.cost(node))
            case "incdec":
                one = t.Number(1, self.span(kids[1]))
                return t.Assign(self.expr(kids[0]), "+=" if kids[1] == "++" else "-=", one, source, span)
            case "call_stmt":
                return t.CallStmt(self.call(as_tree(kids[0])), source, span, self.cost(node))
            case "choose_range":
                domain = t.Domain(self.expr(kids[1]), self.expr(kids[2]))
                return t.Choose(self.name(kids[0]), domain, source, span)
            case "choose_set":
                return t.Choose(self.name(kids[0]), t.Domain(self.expr(kids[1]), None), source, span)
            case "await_stmt":
                return t.TestStmt(t.Test.AWAIT, self.expr(kids[0]), "", source, span, self.cost(node))
            case "assume_stmt":
                return t.TestStmt(t.Test.ASSUME, self.expr(kids[0]), "", source, span)
            case "assert_stmt":
                message = self.string(kids[1]) if kids[1] is not None else ""
                return t.TestStmt(t.Test.ASSERT, self.expr(kids[0]), message, source, span)
            case "return_stmt":
                return t.Return(self.expr(kids[0]) if kids[0] is not None else None, source, span)
            case "delay_range":
                return t.Delay(self.expr(kids[0]), self.expr(kids[1]), source, span, self.cost(node))
            case "delay_exact":
                ticks = self.expr(kids[0])
                return t.Delay(ticks, ticks, source, span, self.cost(node))
            case "goto_stmt":
                return t.Goto(self.name(kids[0]), source, span)
            case kind:
                return t.Jump(kind.removesuffix("_stmt"), source, span)

    # ------------------------------------------------------------ expressions

    def call(self, node: Tree) -> t.Call:
        """A call with its arguments."""
        arguments = tuple(self.expr(c) for c in children_after(node, 1))
        return t.Call(self.name(node.children[0]), arguments, self.span(node))

    def expr(self, node: Node) -> t.Expr:
        """An expression of any form."""
        if isinstance(node, Token):  # a bare integer below an inlined rule
            return t.Number(int(node), self.span(node))
        found = as_tree(node)
        span = self.span(found)
        kids = found.children
        match str(found.data):
            case "integer":
                return t.Number(int(cast(Token, kids[0])), span)
            case "true" | "false":
                return t.Truth(found.data == "true", span)
            case "null":
                return t.Null(span)
            case "current":
                return t.Current(span)
            case "name":
                return t.Ident(str(kids[0]), span)
            case "element":
                return t.Element(self.expr(kids[0]), self.expr(kids[1]), span)
            case "member" | "deref":
                return t.Member(self.expr(kids[0]), self.name(kids[1]), found.data == "deref", span)
            case "deref_current":
                return t.Member(t.Current(span), self.name(kids[0]), True, span)
            case "address":
                return t.Address(self.expr(kids[0]), span)
            case "minus":
                return t.Unary("-", self.expr(kids[0]), span)
            case "not_expr":
                return t.Unary("!", self.expr(kids[0]), span)
            case "call":
                return self.call(found)
            case "internal":
                position = self.expr(kids[2]) if kids[2] is not None else None
                return t.Inner(self.name(kids[0]), self.string(kids[1]), position, span)
            case _:
                return self.operation(found, span)

    def operation(self, node: Tree, span: Span) -> t.Expr:
        """An expression with an operator of two or more operands."""
        kids = node.children
        match str(node.data):
            case "binary" | "compare":
                return t.Binary(str(kids[1]), self.expr(kids[0]), self.expr(kids[2]), span)
            case "times":
                return t.Binary("*", self.expr(kids[0]), self.expr(kids[1]), span)
            case "and_expr":
                return t.Binary("&&", self.expr(kids[0]), self.expr(kids[1]), span)
            case "or_expr":
                return t.Binary("||", self.expr(kids[0]), self.expr(kids[1]), span)
            case "implies":
                return t.Binary("->", self.expr(kids[0]), self.expr(kids[1]), span)
            case "conditional":
                return t.Conditional(self.expr(kids[0]), self.expr(kids[1]), self.expr(kids[2]), span)
            case "quantified_range":
                domain = t.Domain(self.expr(kids[2]), self.expr(kids[3]))
                return t.Quantified(str(kids[0]), self.name(kids[1]), domain, self.expr(kids[4]), span)
            case "quantified_set":
                domain = t.Domain(self.expr(kids[2]), None)
                return t.Quantified(str(kids[0]), self.name(kids[1]), domain, self.expr(kids[3]), span)
            case "at_expr":
                return t.Where("at", self.expr(kids[0]), self.name(kids[1]), span)
            case "inside_expr":
                return t.Where("inside", self.expr(kids[0]), self.name(kids[1]), span)
            case "place_expr":
                place = t.Name(" ".join(self.string(kids[1]).split()), self.span(kids[1]))
                return t.Where("place", self.expr(kids[0]), place, span)
            case rule:
                raise AssertionError(rule)
