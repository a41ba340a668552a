"""From the parser's tree to the syntax tree: specs and formulas over runs."""

from __future__ import annotations

from typing import Final, cast, get_args

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Source
from oomcheck.lang import tree as t
from oomcheck.lang.build import Builder
from oomcheck.lang.build_body import as_tree
from oomcheck.lang.nodes import Node, Token, Tree

#: The letters of temporal operators, by their terminals.
LETTERS: Final = {"NEXT": "X", "GLOBALLY": "G", "FINALLY": "F", "UNTIL": "U", "RELEASES": "R", "WEAK_UNTIL": "W"}
CONNECTIVES: Final = {"not_expr": "!", "and_expr": "&&", "or_expr": "||", "implies": "->", "equivalent": "<->"}
TEMPORAL: Final = ("modal", "until", "equivalent")
NOT_PROPERTIES: Final = ("define_decl", "check_decl", "mutant_decl")
ABOUT_RUNS: Final = {
    "ltl_decl": "ltl",
    "leads_decl": "leads_to",
    "within_decl": "within",
    "max_decl": "bound",
    "sup_decl": "bound",
}


class SpecBuilder(Builder):
    """Builds specs of one source; holds nothing but the source."""

    def spec(self, node: Tree) -> t.SpecFile:
        """The whole of a spec file."""
        target = cast(Token, node.children[0])
        items = [as_tree(c) for c in node.children[1:]]
        return t.SpecFile(
            self.string(target),
            self.span(target),
            tuple(self.define(i) for i in items if i.data == "define_decl"),
            tuple(self.property(i) for i in items if str(i.data) not in NOT_PROPERTIES),
            tuple(self.check(i) for i in items if i.data == "check_decl"),
            tuple(self.equivalent(i) for i in items if i.data == "mutant_decl"),
            self.span(node),
        )

    # ------------------------------------------------------------ properties

    def property(self, node: Tree) -> t.PropertyDecl:
        """A property of any kind."""
        if str(node.data) in ABOUT_RUNS:
            return self.about_runs(node)
        if node.data == "deadlock_decl":
            name, sentence, rest = node.children
            formula, kind = None, "deadlock_free"
            excepted = self.expr(rest) if rest is not None else None
        else:
            word, name, sentence, body = node.children
            formula, kind, excepted = self.expr(body), str(word), None
        return t.PropertyDecl(kind, self.name(name), self.sentence(sentence), formula, excepted, self.span(node))

    def sentence(self, node: Node) -> str:
        """The sentence of a property, or ""."""
        return self.string(node) if node is not None else ""

    def about_runs(self, node: Tree) -> t.PropertyDecl:
        """A property about runs."""
        name, sentence, body, *rest = node.children
        last = rest[0] if rest else None
        fair: tuple[t.Fair, ...] = ()
        asked: t.Asked
        match str(node.data):
            case "ltl_decl":
                asked = t.Ltl(self.formula(body), self.span(body))
                fair = self.fair(last)
            case "leads_decl":
                asked = t.LeadsTo(*self.response(body), self.span(body))
                fair = self.fair(last)
            case "within_decl":
                asked = t.Within(*self.response(body), self.expr(last), self.span(body).to(self.span(last)))
            case "max_decl":
                span = self.span(body) if last is None else self.span(body).to(self.span(last))
                asked = t.MaxCost(self.name(body), self.limit(last), span)
            case _:
                span = self.span(body) if last is None else self.span(body).to(self.span(last))
                asked = t.Within(*self.response(body), self.limit(last), span)
        kind = ABOUT_RUNS[str(node.data)]
        return t.PropertyDecl(kind, self.name(name), self.sentence(sentence), None, None, self.span(node), asked, fair)

    def response(self, node: Node) -> tuple[t.Expr, t.Expr]:
        """Both sides of `~>`."""
        trigger, response = as_tree(node).children
        return self.expr(trigger), self.expr(response)

    def limit(self, node: Node) -> t.Expr | None:
        """What stands behind `<=`, if anything."""
        return None if node is None else self.expr(as_tree(node).children[0])

    def fair(self, node: Node) -> tuple[t.Fair, ...]:
        """A fairness clause."""
        if node is None:
            return ()
        found = []
        for item in as_tree(node).children:
            kind, *sets = as_tree(item).children
            for one in map(as_tree, sets):
                threads = self.expr(one.children[0]) if one.children else None
                label = self.name(one.children[1]) if one.data == "fair_label" else None
                span = self.span(one) if one.children else self.span(kind)
                found.append(t.Fair(str(kind), threads, label, span))
        return tuple(found)

    # ------------------------------------------------------------ formulas over runs

    def formula(self, node: Node) -> t.Formula:
        """A formula; what has no temporal operator below it is an expression."""
        if isinstance(node, Token):
            return self.expr(node)
        found = as_tree(node)
        span, kids = self.span(found), found.children
        match str(found.data):
            case "modal":
                return t.Temporal(LETTERS[cast(Token, kids[0]).type], (self.formula(kids[1]),), span)
            case "until":
                sides = (self.formula(kids[0]), self.formula(kids[2]))
                return t.Temporal(LETTERS[cast(Token, kids[1]).type], sides, span)
            case "not_expr" | "and_expr" | "or_expr" | "implies" | "equivalent" as rule:
                parts = tuple(self.formula(kid) for kid in kids)
                operator = CONNECTIVES[rule]
                if operator == "<->" or not all(isinstance(part, get_args(t.Expr)) for part in parts):
                    return t.Connective(operator, parts, span)
                return self.expr(found)
            case "quantified_range" | "quantified_set" if cast(Token, kids[0]).type == "QUANTIFIER":
                body = self.formula(kids[-1])
                if isinstance(body, get_args(t.Expr)):
                    return self.expr(found)
                domain = t.Domain(self.expr(kids[2]), self.expr(kids[3]) if len(kids) == 5 else None)
                return t.Each(str(kids[0]), self.name(kids[1]), domain, body, span)
            case _:
                self.refuse_temporal(found)
                return self.expr(found)

    def refuse_temporal(self, node: Tree) -> None:
        """Values have no future: E0408 for a temporal operator below a comparison or a calculation."""
        for inner in (tree for tree in node.subtrees() if tree.data in TEMPORAL):
            text = "`<->`" if inner.data == "equivalent" else "a temporal operator"
            hint = "write `==` to compare" if inner.data == "equivalent" else "temporal operators join conditions"
            raise error("E0408", f"{text} inside of a comparison or calculation", self.span(inner), hint)

    # ------------------------------------------------------------ checks

    def check(self, node: Tree) -> t.CheckDecl:
        """A check with its clauses."""
        name, selection, with_, without, timing, quick, expect, because = node.children
        chosen = as_tree(selection).children
        bindings = () if with_ is None else self.bindings(with_)
        word, value, place = as_tree(expect).children if expect is not None else ("", None, None)
        return t.CheckDecl(
            self.name(name),
            self.names(chosen[0]) if chosen else None,
            bindings,
            () if without is None else self.names(as_tree(without).children[0]),
            self.timing(timing),
            None if quick is None else t.Quick(self.bindings(quick), self.span(quick)),
            str(word),
            self.expr(value) if value is not None else None,
            self.string(place) if place is not None else "",
            self.string(as_tree(because).children[0]) if because is not None else "",
            self.span(node),
        )

    def equivalent(self, node: Tree) -> t.EquivalentDecl:
        """Why a mutant changes nothing that a check could notice."""
        name, because = node.children
        return t.EquivalentDecl(
            " ".join(self.string(name).split()), self.string(as_tree(because).children[0]), self.span(node)
        )

    def bindings(self, node: Node) -> tuple[t.Binding, ...]:
        """The bindings of a clause."""
        return tuple(self.binding(as_tree(one)) for one in as_tree(node).children)

    def timing(self, node: Node) -> t.Timing | None:
        """`timed`, `untimed` or neither."""
        if node is None:
            return None
        found = as_tree(node)
        slack = found.children[0] if found.children else None
        return t.Timing(found.data == "timed", self.expr(slack) if slack is not None else None, self.span(found))


def build_spec(parsed: Tree, source: Source) -> t.SpecFile:
    """Syntax tree of a spec file."""
    return SpecBuilder(source).spec(parsed)
