"""Hypothesis strategy: small random models as text, nearly always well typed.

Two or three threads of a few accesses each share marked variables and kernel objects. Loops count locals or repeat
accesses, so that state spaces are small; nothing else about the programs is sensible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import strategies as st

HEAD = """\
model random source "tests";
enum E { E0, E1 };
struct S {
	marked int 0..2 v;
	marked bool w;
	spinlock sl;
	marked int 0..2 f[2];
};
S o[2];
S single;
marked S *p = &o[0];
marked S *pn;
marked bool b, c = true;
marked int 0..2 x, y = 1;
marked int 0..2 a[2] = 1;
marked E e = E1;
ghost int 0..9 g;
ghost bool h;
flags fw { FA, FB } = { FB };
atomic -1..3 at = 1;
refcount rc = 2;
spinlock l;
mutex m;
waitqueue q;
completion d;
"""


@dataclass
class Program:
    """A program under construction: lines, and what names are at hand."""

    random: Random
    budget: int = 0  # accesses left
    depth: int = 0
    names: int = 0
    ints: list[str] = field(default_factory=list)  # locals of int 0..2
    bools: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)  # values of unrolled loops and counters: read only, 0 or 1
    functions: list[str] = field(default_factory=list)
    returns: str = ""  # what the body returns: "", "void", "int", "bool"
    loops: int = 0
    atomic: int = 0
    labels: list[str] = field(default_factory=list)  # that can be jumped back to
    process: bool = False
    inside: bool = False  # a function, which an atomic block may call

    def pick(self, *options: Callable[[], str]) -> str:
        """One of several forms; the first is the simplest."""
        return options[self.random.randrange(len(options))]()

    def one(self, options: Sequence[str]) -> str:
        """One of several texts."""
        return options[self.random.randrange(len(options))]

    def chance(self, percent: int) -> bool:
        """Whether something rare happens."""
        return self.random.randrange(100) >= 100 - percent

    def fresh(self, prefix: str) -> str:
        """A new name."""
        self.names += 1
        return f"{prefix}{self.names}"

    def access(self, text: str) -> str:
        """An access, as long as there are some left."""
        self.budget -= 1
        return text

    # ------------------------------------------------------------ expressions

    def number(self, depth: int = 2) -> str:
        """An int in 0..2, or nearly so."""
        simple = [lambda: str(self.random.randrange(3)), lambda: self.one(self.ints or ["1"])]
        simple.append(lambda: self.one(self.fixed or ["0"]))
        if self.budget <= 0:
            return self.pick(*simple)
        shared = [
            lambda: self.access(self.one(["x", "y", "single.v", "o[1].v"] + ["px"] * self.process)),
            lambda: self.access(f"a[{self.index(depth - 1)}]"),
            lambda: self.access(f"{self.pointer()}->v"),
            lambda: self.access(f"READ_ONCE({self.one(['x', 'y'])})"),
        ]
        if depth <= 0:
            return self.pick(*simple, *shared[:2])
        return self.pick(
            *simple,
            *shared,
            lambda: f"({self.number(depth - 1)} + {self.number(depth - 1)}) % 3",
            lambda: f"({self.truth(depth - 1)} ? {self.number(depth - 1)} : {self.number(depth - 1)})",
            lambda: f"{self.number(depth - 1)} * {self.number(0)} / 2",
            lambda: f"f1({self.number(depth - 1)})" if "f1" in self.functions else "2",
            lambda: f"(count k in 0 .. 1 : (a[k] == {self.number(0)}))",
            lambda: self.access(f"o[{self.index(depth - 1)}].f[{self.index(depth - 1)}]"),
            lambda: self.access(f"xchg({self.one(['x', 'a[1]'])}, {self.number(0)})"),
            lambda: self.access(f"cmpxchg(x, {self.number(0)}, {self.random.randrange(3)})"),
            lambda: self.access("refcount_read(rc)"),
            lambda: self.access("atomic_read(at)"),
            lambda: f"-{self.number(0)} + 2",
        )

    def index(self, depth: int) -> str:
        """0 or 1, or nearly so."""
        if self.chance(4):
            return self.number(0)
        return self.pick(
            lambda: self.one(["0", "1"]),
            lambda: self.one(self.fixed or ["1"]),
            lambda: f"{self.number(depth)} % 2",
            lambda: f"({self.truth(depth)} ? 1 : 0)",
        )

    def pointer(self) -> str:
        """A reference that is mostly not NULL."""
        if self.pointers and self.chance(60):
            return self.one(self.pointers)
        return self.access("pn" if self.chance(10) else "p")

    def reference(self) -> str:
        """A value for a reference."""
        return self.pick(
            lambda: self.one(["&o[0]", "&o[1]", "&single"]),
            lambda: f"&o[{self.index(1)}]",
            lambda: self.access("p"),
            lambda: self.one(self.pointers or ["&single"]),
        )

    def truth(self, depth: int = 2) -> str:
        """A bool."""
        simple = [lambda: self.one(["false", "true"]), lambda: self.one(self.bools or ["true"])]
        simple.append(lambda: f"{self.one(self.ints or ['1'])} {self.one(['==', '<', '>='])} 1")
        if self.budget <= 0:
            return self.pick(*simple)
        shared = [
            lambda: self.access(self.one(["b", "c", "single.w"])),
            lambda: f"{self.number(0)} {self.one(['==', '!=', '<', '<=', '>', '>='])} {self.number(0)}",
        ]
        if depth <= 0:
            return self.pick(*simple, *shared)
        return self.pick(
            *simple,
            *shared,
            lambda: f"!({self.truth(depth - 1)})",
            lambda: f"({self.truth(depth - 1)} && {self.truth(depth - 1)})",
            lambda: f"({self.truth(depth - 1)} || {self.truth(depth - 1)})",
            lambda: f"({self.truth(depth - 1)} -> {self.truth(depth - 1)})",
            lambda: f"({self.truth(depth - 1)} ? {self.truth(depth - 1)} : {self.truth(depth - 1)})",
            lambda: f"{self.number(depth - 1)} {self.one(['==', '<'])} {self.number(depth - 1)}",
            lambda: f"({self.one(['forall', 'exists'])} k in 0 .. 1 : a[k] == {self.number(0)})",
            lambda: self.access("(exists s in o : s->w)"),
            lambda: self.access(f"test_bit({self.one(['FA', 'FB'])}, fw)"),
            lambda: self.access(f"test_and_set_bit({self.one(['FA', 'FB'])}, fw)"),
            lambda: self.access("test_and_clear_bit(FB, fw)"),
            lambda: self.access(f"xchg(b, {self.truth(0)})"),
            lambda: self.access("refcount_inc_not_zero(rc)"),
            lambda: self.access("atomic_inc_not_zero(at)"),
            lambda: self.access("waitqueue_active(q)"),
            lambda: self.access("completion_done(d)"),
            lambda: self.access("try_wait_for_completion(d)"),
            lambda: self.access("spin_is_locked(l)"),
            lambda: f"{self.access('e')} == {self.one(['E0', 'E1'])}",
            lambda: f"{self.pointer()} {self.one(['==', '!='])} {self.one(['NULL', '&o[1]'])}",
            lambda: f"f2({self.reference()})" if "f2" in self.functions else "false",
        )

    def instant(self) -> str:
        """A condition that is looked at in one instant: it calls nothing that writes."""
        before, self.budget = self.budget, 1
        functions, self.functions = self.functions, []
        while True:
            text = self.truth(2)
            if not any(word in text for word in ("xchg", "_set", "_clear", "_inc_not", "try_wait")):
                break
        self.budget, self.functions = before - 1, functions
        return text

    # ------------------------------------------------------------ statements

    def block(self, count: int | None = None, indent: int = 1) -> list[str]:
        """A few statements with a scope of their own."""
        kept = (self.ints[:], self.bools[:], self.pointers[:], self.labels[:])
        lines: list[str] = []
        for _ in range(count or 1 + self.random.randrange(3)):
            lines += ["\t" + line for line in self.statement()]
        self.ints, self.bools, self.pointers, self.labels = kept
        return lines

    def braced(self, head: str, count: int | None = None, tail: str = "}") -> list[str]:
        """A statement with a block."""
        self.depth += 1
        lines = [f"{head} {{".lstrip(), *self.block(count), tail]
        self.depth -= 1
        return lines

    def statement(self) -> list[str]:
        """One statement."""
        plain = [self.store, self.operation, self.declare, self.local, self.ghost, self.test]
        if self.budget <= 0:
            return self.one_of([self.local, self.declare, self.ghost, self.jump])
        if self.depth >= 3:
            return self.one_of([*plain, self.jump])
        forms = [*plain, self.store, self.store, self.operation, self.jump, self.if_, self.if_, self.either]
        forms += [self.for_, self.atomic_, self.section, self.forth]
        if not self.atomic and not self.inside:  # a block runs all rounds of a loop in one step
            forms += [self.while_, self.loop, self.back]
        return self.one_of(forms)

    def one_of(self, forms: Sequence[Callable[[], list[str]]]) -> list[str]:
        """A statement of one of several forms."""
        return forms[self.random.randrange(len(forms))]()

    def store(self) -> list[str]:
        """A write of a shared variable."""
        self.budget -= 1
        place = self.one(["x", "y", f"a[{self.index(1)}]", "single.v", f"o[{self.index(1)}].v", f"{self.pointer()}->v"])
        if self.process and self.chance(20):
            place = "px"
        return [
            self.pick(
                lambda: f"{place} = {self.number()};",
                lambda: f"{self.one(['b', 'c', 'single.w'])} = {self.truth()};",
                lambda: f"p = {self.reference()};",
                lambda: f"e = {self.one(['E0', 'E1'])};",
                lambda: f"{place}{self.one(['++', '--'])};" if self.chance(50) else f"{place} -= {place};",
                lambda: f"WRITE_ONCE({place}, {self.number()});",
                lambda: f"{place} += {self.number(1)};" if self.chance(30) else f"{place} = {self.number()};",
            )
        ]

    def operation(self) -> list[str]:
        """A kernel operation for its effect."""
        self.budget -= 1
        if self.chance(10):  # with a look at what it wrote, in the same step
            return [f"xchg({self.one(['x', 'a[0]'])}, {self.number(0)});", "h = x > 0 and !h;"]
        calm = [
            f"set_bit({self.one(['FA', 'FB'])}, fw);",
            f"clear_bit({self.one(['FA', 'FB'])}, fw);",
            f"atomic_set(at, {self.number(0)});",
            "atomic_inc(at);",
            "atomic_dec(at);",
            f"atomic_add({self.number(0)}, at);",
            "refcount_inc(rc);",
            "refcount_dec(rc);",
            "wake_up(q);",
            "complete(d);",
            "complete_all(d);",
            "reinit_completion(d);",
            f"if (refcount_dec_and_test(rc)) b = {self.truth(0)};",
            f"x = atomic_cmpxchg(at, {self.number(0)}, 1) > 0 ? 1 : 0;",
            f"f3({self.one(['&l', '&o[1].sl', 'single.sl'])}, {self.number(1)});"
            if "f3" in self.functions
            else "skip;",
        ]
        sleeping = [
            f"wait_event(q, {self.one(['b', '!c', 'x > 0'])} || {self.truth(1)});",
            "wait_for_completion(d);",
            "mutex_lock(m);",
            "mutex_unlock(m);",
        ]
        return [self.one(calm if self.atomic or self.inside or self.chance(70) else sleeping)]

    def declare(self) -> list[str]:
        """A local."""
        kind = self.random.randrange(6)
        name = self.fresh("i")
        if kind < 2:
            value = self.number()
            self.ints.append(name)
            return [f"int 0..2 {name} = {value};"]
        if kind == 2:
            value = self.truth()
            self.bools.append(name)
            return [f"bool {name} = {value};"]
        if kind == 3:
            value = self.reference()
            self.pointers.append(name)
            return [f"S *{name} = {value};"]
        if kind == 4:
            self.ints.append(name)
            return [f"int 0..2 {name};", f"choose {name} in {self.one(['0 .. 1', '1 .. 2'])};"]
        if self.chance(50):
            self.ints.append(name)
            lines = [f"int 0..1 {name};", f"if ({self.truth(1)}) {name} = 1;"]
            return [*lines, f"y = {name};"] if self.chance(40) else lines
        self.bools.append(name)
        return [f"bool {name};", f"if ({self.truth(1)}) {name} = {self.truth(1)};"]

    def local(self) -> list[str]:
        """A write of a local."""
        if self.ints and self.chance(60):
            name = self.one(self.ints)
            return [self.one([f"{name} = {self.number()};", f"{name} = {name} == 2 ? 0 : {name} + 1;", f"{name}--;"])]
        if self.bools:
            return [f"{self.one(self.bools)} = {self.truth()};"]
        return ["skip;"]

    def ghost(self) -> list[str]:
        """A ghost statement."""
        return [self.one(["g = g == 9 ? 9 : g + 1;", "h = x > 0 and !h;", f"g = {self.one(self.ints or ['3'])};"])]

    def test(self) -> list[str]:
        """assert, await or assume."""
        if self.chance(15):
            return ["assert g < 3 or h;"]
        word = self.one(["assert", "await", "await", "assert", "assume"])
        if word == "await" and not self.chance(50):
            return [f"await {self.one(['b', 'c', 'x > 0', 'b || y > 0'])};"]
        return [f"{word} {self.instant()};"]

    def jump(self) -> list[str]:
        """A way out."""
        options = ["skip;"]
        if self.loops:
            options += ["break;", "continue;"]
        options += [f"goto {label};" for label in self.labels[-1:]]
        value = {"int": self.number(1), "bool": self.truth(1)}.get(self.returns, "")
        options.append(f"return {value};".replace(" ;", ";"))
        return [f"if ({self.truth(1)}) {self.one(options)}"]

    def if_(self) -> list[str]:
        """A branch."""
        lines = self.braced(f"if ({self.truth()})")
        if self.chance(50):
            lines = [*lines[:-1], *self.braced("} else")]
        return lines

    def either(self) -> list[str]:
        """Branches chosen freely."""
        lines = self.braced("either")
        for _ in range(1 + self.chance(20)):
            lines = [*lines[:-1], *self.braced("} or")]
        return lines

    def looped(self, head: str) -> list[str]:
        """A loop with a small body."""
        self.loops += 1
        lines = self.braced(head, 1 + self.random.randrange(2))
        self.loops -= 1
        return lines

    def while_(self) -> list[str]:
        """A loop that counts a local."""
        name = self.fresh("n")
        condition = self.one([f"{name} < 2", f"{name} < 2 && {self.truth(1)}", f"{self.truth(1)} && {name} < 1"])
        lines = self.looped(f"while ({condition})")
        return [f"int 0..2 {name} = 0;", lines[0], f"\t{name}++;", *lines[1:]]

    def for_(self) -> list[str]:
        """A counting or unrolled loop."""
        name = self.fresh("k")
        heads = [f"for ({name} in 0 .. 1)", f"for ({name} in 1 down to 0)"]
        if not self.atomic and not self.inside:
            heads += [f"for ({name} in {self.number(1)} .. 1)", f"for ({name} in 0 .. {self.number(1)} % 2)"]
        head = self.one(heads)
        if self.ints and not self.atomic and not self.inside and self.chance(20):  # a bound that the body changes
            bound = self.one(self.ints)
            lines = self.looped(f"for ({name} in 0 .. {bound})")
            return [lines[0], f"\t{bound} = {bound} == 2 ? 0 : {bound} + 1;", *lines[1:]]
        if self.chance(25):
            self.pointers.append(name)
            lines = self.looped(f"for ({name} in o)")
            self.pointers.remove(name)
            return lines
        self.fixed.append(name)
        lines = self.looped(head)
        self.fixed.remove(name)
        return lines

    def loop(self) -> list[str]:
        """A loop without end of its own."""
        lines = self.looped("loop")
        return [*lines[:-1], f"\tif ({self.truth(1)}) break;", "}"]

    def atomic_(self) -> list[str]:
        """An atomic block."""
        self.atomic += 1
        lines = self.braced("atomic")
        self.atomic -= 1
        return lines

    def section(self) -> list[str]:
        """A section under a lock."""
        lock = self.one(["l", "l", "o[0].sl", f"{self.pointer()}->sl"])
        if self.atomic or self.inside or self.chance(70):
            if self.chance(20):
                inner = self.braced("")
                return [f"if (spin_trylock({lock})) {{", *inner, f"\tspin_unlock({lock});", "}"]
            return [f"spin_lock({lock});", *self.braced(""), f"spin_unlock({lock});"]
        return ["mutex_lock(m);", *self.braced(""), "mutex_unlock(m);"]

    def forth(self) -> list[str]:
        """Jumps over a block."""
        label = self.fresh("L")
        return [f"if ({self.truth(1)}) goto {label};", *self.braced(""), f"{label}: {self.simple()}"]

    def back(self) -> list[str]:
        """Jumps back to a label."""
        label = self.fresh("L")
        self.labels.append(label)
        lines = [f"{label}: {self.simple()}", *self.braced("")]
        self.labels.remove(label)
        return [*lines, f"if ({self.access(self.one(['b', '!c', 'x > 1']))}) goto {label};"]

    def simple(self) -> str:
        """A statement in one line."""
        return self.one_of([self.store, self.operation, self.ghost, self.test])[0]

    # ------------------------------------------------------------ bodies

    def body(self, head: str, budget: int, returns: str = "void") -> list[str]:
        """A function or thread."""
        self.budget, self.returns = budget, returns
        self.labels = []
        lines = [head + " {", *self.block(1 + self.random.randrange(4))]
        if returns in ("int", "bool"):
            lines.append(f"\treturn {self.number(1) if returns == 'int' else self.truth(1)};")
        return [*lines, "}"]

    def function(self, name: str) -> list[str]:
        """One of the functions that programs may call."""
        self.inside = True
        self.ints, self.pointers = [], []
        if name == "f1":
            self.ints = ["n"]
            lines = self.body("int 0..2 f1(int 0..2 n)", 2, "int")
        elif name == "f2":
            self.pointers = ["s"]
            lines = self.body("bool f2(S *s)", 2, "bool")
        else:
            self.ints = ["n"]
            inner = self.body("void f3(spinlock *s, int 0..2 n)", 1)
            lines = [inner[0], "\tspin_lock(s);", *inner[1:-1], "\tspin_unlock(s);", "}"]
        self.ints, self.pointers, self.inside = [], [], False
        self.functions.append(name)
        return lines


def build(random: Random) -> str:
    """A model."""
    program = Program(random)
    lines = HEAD.splitlines()
    for name in ("f1", "f2", "f3"):
        if program.chance(40):
            lines += program.function(name)
    shape = random.randrange(4)
    sizes = {0: [9, 9], 1: [5, 5, 4], 2: [7], 3: [8, 8]}[shape]
    more = random.randrange(6)
    sizes = [size + more for size in sizes]
    for number, size in enumerate(sizes):
        dims = "[2]" if shape == 2 else ""
        if shape == 3:
            program.process = True
            if number == 0:
                lines += ["process P {", "\tmarked int 0..2 px;"]
            lines += ["\t" + line for line in program.body(f"thread t{number}", size)]
        else:
            lines += program.body(f"{program.one(['thread', 'kthread'])} t{number}{dims}", size)
    if shape == 3:
        lines.append("}")
    return "\n".join(lines) + "\n"


def models() -> st.SearchStrategy[str]:
    """Models as text; `tests.lang.test_lowering_random.reduced` makes them small."""
    return st.integers(0, 2**32 - 1).map(lambda seed: build(Random(seed)))
