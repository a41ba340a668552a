"""From the parser's tree to the syntax tree: declarations."""

from __future__ import annotations

from oomcheck.diag.span import Source
from oomcheck.lang import tree as t
from oomcheck.lang.build_body import BodyBuilder, as_tree, children_after
from oomcheck.lang.nodes import Node, Token, Tree


class Builder(BodyBuilder):
    """Builds declarations of one source; holds nothing but the source."""

    def model(self, node: Tree) -> t.ModelFile:
        """The whole of a model or library file."""
        head = as_tree(node.children[0])
        items = tuple(self.item(as_tree(child)) for child in node.children[1:])
        source = self.string(head.children[1]) if len(head.children) > 1 else ""
        return t.ModelFile(self.name(head.children[0]), head.data == "library_header", source, items, self.span(node))

    def item(self, node: Tree) -> t.Item:
        """One declaration of a model."""
        match str(node.data):
            case "import_decl":
                path, *bindings = node.children
                found = tuple(self.binding(as_tree(b)) for b in bindings if b is not None)
                return t.Import(self.string(path), found, self.span(node))
            case "const_decl":
                name, value = node.children[:2]
                return t.ConstDecl(self.name(name), self.expr(value), self.source_ref(node), self.span(node))
            case "enum_decl":
                return t.EnumDecl(
                    self.name(node.children[0]), self.names(node.children[1]), self.source_ref(node), self.span(node)
                )
            case "struct_decl":
                fields = [self.storage(as_tree(c)) for c in children_after(node, 1) if not _is(c, "srcref")]
                return t.StructDecl(self.name(node.children[0]), tuple(fields), self.source_ref(node), self.span(node))
            case "process_decl":
                return self.process(node)
            case "define_decl":
                return self.define(node)
            case "freezer_decl":
                return self.freezer(node)
            case "function_decl" | "procedure_decl" | "softirq_decl":
                return self.function(node)
            case "thread_decl":
                return self.thread(node)
            case "param_int" | "param_bool" | "param_new_enum" | "param_enum":
                return self.param(node)
            case _:
                return self.storage(node)

    def param(self, node: Tree) -> t.ParamDecl:
        """A parameter declaration in one of its four forms."""
        source, span = self.source_ref(node), self.span(node)
        match str(node.data):
            case "param_int":
                name, default, limits = node.children[:3]
                low = high = None
                if limits is not None:
                    found = as_tree(limits)
                    closed = found.data == "closed_range"
                    low = self.expr(found.children[0 if closed else 1])
                    high = self.expr(found.children[1]) if closed else None
                value = self.expr(default) if default is not None else None
                return t.ParamDecl(self.name(name), "int", value, source, span, low, high)
            case "param_bool":
                name, default = node.children[:2]
                return t.ParamDecl(self.name(name), "bool", self.expr(default), source, span)
            case "param_new_enum":
                name, members, default = node.children[:3]
                value = self.name_expr(default)
                return t.ParamDecl(self.name(name), "enum", value, source, span, members=self.names(members))
            case _:
                enum, name, default = node.children[:3]
                value = self.name_expr(default)
                return t.ParamDecl(self.name(name), "enum", value, source, span, enum=self.name(enum))

    def storage(self, node: Tree) -> t.VarDecl | t.FlagsDecl | t.ObjectDecl | t.TimerDecl:
        """A declaration that takes up state, at top level or in a struct or process."""
        source, span = self.source_ref(node), self.span(node)
        quals = tuple(self.name(c) for c in node.children if isinstance(c, Token) and c.type == "QUALIFIER")
        rest = node.children[len(quals) :]
        declarators = tuple(self.declarator(as_tree(c)) for c in rest if _is(c, "declarator"))
        match str(node.data):
            case "var_decl":
                unallocated = any(isinstance(c, Token) and c.type == "UNALLOCATED" for c in rest)
                return t.VarDecl(quals, self.type(rest[0]), declarators, unallocated, source, span)
            case "flags_decl":
                initial = self.names(rest[3]) if len(rest) > 3 and _is(rest[3], "names") else ()
                return t.FlagsDecl(
                    quals, self.name(rest[0]), self.dims(rest[1]), self.names(rest[2]), initial, source, span
                )
            case "timer_decl":
                return t.TimerDecl(quals, self.name(rest[0]), self.dims(rest[1]), self.name(rest[2]), source, span)
            case "atomic_decl":
                low = high = None
                if rest[0] is not None:
                    low, high = (self.expr(c) for c in as_tree(rest[0]).children)
                return t.ObjectDecl(quals, "atomic", None, declarators, None, source, span, low, high)
            case _:
                variant = self.name(rest[1]) if rest[1] is not None else None
                after = [c for c in rest[2:] if isinstance(c, Token)]
                release = self.name(after[0]) if after else None
                return t.ObjectDecl(quals, str(rest[0]), variant, declarators, release, source, span)

    def process(self, node: Tree) -> t.ProcessDecl:
        """A process with its variables and threads."""
        name, dims = node.children[:2]
        members = tuple(
            self.thread(as_tree(c)) if _is(c, "thread_decl") else self.storage(as_tree(c))
            for c in children_after(node, 2)
        )
        return t.ProcessDecl(self.name(name), self.dims(dims), members, self.span(node))

    def freezer(self, node: Tree) -> t.FreezerDecl:
        """A freezer with its predicates."""
        name, kind, member, exempt = node.children[:4]

        def predicate(part: Node) -> tuple[t.Name, t.Expr] | None:
            if part is None:
                return None
            variable, body = as_tree(part).children
            return self.name(variable), self.expr(body)

        return t.FreezerDecl(
            self.name(name), str(kind), predicate(member), predicate(exempt), self.source_ref(node), self.span(node)
        )

    def define(self, node: Tree) -> t.DefineDecl:
        """A macro."""
        name, formals, body = node.children[:3]
        return t.DefineDecl(
            self.name(name),
            self.names(formals) if formals is not None else None,
            self.expr(body),
            self.source_ref(node),
            self.span(node),
        )

    def function(self, node: Tree) -> t.FunctionDecl:
        """A function, a procedure or a softirq handler."""
        children = list(node.children)
        typed = str(node.data) == "function_decl"
        result = self.type(children.pop(0)) if typed else t.TypeExpr(t.TypeForm.VOID, self.span(node))
        formals = tuple(self.formal(as_tree(c)) for c in children if _is(c, "formal") or _is(c, "object_formal"))
        return t.FunctionDecl(
            result,
            self.name(children[0]),
            formals,
            self.block(children[-1]),
            self.source_ref(node),
            self.span(node),
            softirq=str(node.data) == "softirq_decl",
        )

    def formal(self, node: Tree) -> t.Formal:
        """A parameter of a function."""
        first, name = node.children
        if node.data == "object_formal":
            kind = t.TypeExpr(t.TypeForm.OBJECT, self.span(first), name=str(first))
            return t.Formal(kind, self.name(name))
        return t.Formal(self.type(first), self.name(name))

    def thread(self, node: Tree) -> t.ThreadDecl:
        """A thread template with its attributes."""
        kind, name, dims = node.children[:3]
        daemon, fairness, slack, any_slack = False, "", None, False
        for child in children_after(node, 3):
            if isinstance(child, Token) and child.type == "DAEMON":
                daemon = True
            elif isinstance(child, Token) and child.type == "FAIRNESS":
                fairness = str(child)
            elif _is(child, "slack_ticks"):
                slack = self.expr(as_tree(child).children[0])
            elif _is(child, "slack_any"):
                any_slack = True
        return t.ThreadDecl(
            str(kind),
            self.name(name),
            self.dims(dims),
            daemon,
            fairness,
            slack,
            self.block(node.children[-1]),
            self.source_ref(node),
            self.span(node),
            any_slack,
        )

    def binding(self, node: Tree) -> t.Binding:
        """A parameter with its value or values."""
        name = self.name(node.children[0])
        match str(node.data):
            case "bind_value":
                return t.Binding(name, self.expr(node.children[1]))
            case "bind_range":
                return t.Binding(name, None, self.expr(node.children[1]), self.expr(node.children[2]))
            case _:
                return t.Binding(name, None, values=tuple(self.expr(child) for child in node.children[1:]))


def _is(node: Node, data: str) -> bool:
    return isinstance(node, Tree) and node.data == data


def build_model(parsed: Tree, source: Source) -> t.ModelFile:
    """Syntax tree of a model or library file."""
    return Builder(source).model(parsed)
