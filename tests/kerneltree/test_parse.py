"""What a C file defines, in C that looks like that of the kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomcheck.kerneltree.parse import definitions

STRUCTURE = """struct a {
	int x, *y;
	union {
		int z[2];
	};
#ifdef C
	int w:3;
#endif
	void (*f)(int p);
	DECLARE_BITMAP(m, 4);
	struct b { int x; } i;
};
"""
BRANCHES = """#ifdef A
int f(void) { return 1; }
#elif defined(B)
int f(void) { return 2; }
#else
int f(void) { return 3; }
#endif
"""
LOST = """static void f(void)
{
	do_each(a, b) {
		g();
	} while_each();
	if (x) {
#ifdef A
		if (y) {
#else
		if (z) {
#endif
	}
}
"""


def found(text: str) -> list[str]:
    """Kind, line and name of each definition, in order."""
    return [
        f"{made.kind.value} {made.line} {made.owner}{'.' * bool(made.owner)}{made.name}"
        for made in definitions(text.encode())
    ]


def text_of(text: str, name: str) -> list[str]:
    """The texts that define a name."""
    data = text.encode()
    return [data[made.start : made.end].decode() for made in definitions(data) if made.name == name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("int f(int x)\n{\n\tint y = x;\n\treturn y;\n}\n", ["function 1 f"]),
        ("static struct a *__f(void) { return 0; }", ["function 1 __f"]),
        ("static int __init f(void)\n{\n}\n", ["function 1 f"]),
        ("static void f(int m)\n\t__acquires(x)\n\t__releases(&x)\n{\n}\n", ["function 1 f"]),
        ("asmlinkage __visible void __entry f(void)\n{\n\tg();\n}\n", ["variable 1 __visible", "function 1 f"]),
        ("int (*f(int x))(void) { return 0; }", ["function 1 f"]),
        ("SYSCALL_DEFINE2(reap, int, fd, unsigned int, flags)\n{\n\treturn 0;\n}\n", ["function 1 reap"]),
        ("SYSCALL_DEFINE0(reap)\n{\n\treturn 0;\n}\n", ["function 1 reap"]),
        ("static DEFINE_SPINLOCK(l);\nDEFINE_MUTEX(m);\n", ["variable 1 l", "variable 2 m"]),
        ("static DECLARE_WAIT_QUEUE_HEAD(w);\nstatic LIST_HEAD(h);", ["variable 1 w", "variable 2 h"]),
        ("__cacheline_aligned DEFINE_RWLOCK(l);", ["variable 1 l"]),
        ("DEFINE_STATIC_KEY_FALSE(k);\nEXPORT_SYMBOL(k);\n", ["variable 1 k"]),
        ("static DEFINE_PER_CPU(struct a *, p) = NULL;\n", ["variable 1 p"]),
        ("static DEFINE_PER_CPU(long, p);\n", ["variable 1 p"]),
        ("static inline void INIT_LIST_HEAD(struct list_head *l)\n{\n}\n", ["function 1 INIT_LIST_HEAD"]),
        ("static atomic_t n = ATOMIC_INIT(0);", ["variable 1 n"]),
        ("int a, *b = 0, c[3];", ["variable 1 a", "variable 1 b", "variable 1 c"]),
        ("int (*hook)(int x);", ["variable 1 hook"]),
        ("struct a x = {\n\t.y = 1,\n};\n", ["variable 1 x"]),
        ("extern struct mutex m;\nint f(int x);\n", ["declaration 1 m", "declaration 2 f"]),
        ("#define A 1\n#define F(x) ((x) + \\\n\t1)\n#undef A\n", ["macro 1 A", "macro 2 F"]),
        ("enum e { A, B = 2 };", ["type 1 e", "enumerator 1 A", "enumerator 1 B"]),
        ("typedef int (*cb)(int x);\ntypedef unsigned long word;", ["type 1 cb", "type 2 word"]),
        ("union u { int a; };", ["type 1 u", "member 1 u.a"]),
        ("struct a;\nstruct a *p;", ["variable 2 p"]),
        ("", []),
    ],
)
def test_kinds(text: str, names: list[str]) -> None:
    """Each kind of definition is found with its line; uses, parameters and locals are none."""
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "int x __read_mostly;",
        "int x __read_mostly = 3;",
        "unsigned long x __read_mostly;",
        "unsigned int __read_mostly x = 20 * 1000;",
        "static bool __initdata x;",
        "static int x[3] __ro_after_init = { 1 };",
        "static struct a *x __ro_after_init;",
        "static struct a x __read_mostly = { .b = 1 };",
    ],
)
def test_attributes(text: str) -> None:
    """Macros beside the name of a variable do not hide it, and its text is the whole statement."""
    assert text_of(f"int before;\n{text}\nint behind;\n", "x") == [text]
    assert text_of(f"int before;\n{text}\nint behind;\n", "behind") == ["int behind;"]


def test_members() -> None:
    """Members know the structure with a tag that they are in; macros that declare members count."""
    text = STRUCTURE
    members = ["member 2 a.x", "member 2 a.y", "member 4 a.z", "member 7 a.w", "member 9 a.f", "member 10 a.m"]
    inner = ["member 11 a.i", "type 11 b", "member 11 b.x"]
    assert sorted(found(text)) == sorted(["type 1 a", *members, *inner])
    assert text_of(text, "x") == ["int x, *y;", "int x;"]


def test_branches() -> None:
    """All branches of conditionals count, in the order of the text."""
    text = BRANCHES
    assert found(text) == ["function 2 f", "function 4 f", "function 6 f"]
    guarded = f"#ifndef H\n#define H\n#if X\n{text}int g;\n#endif\n#endif\n"
    assert found(guarded) == ["macro 2 H", "function 5 f", "function 7 f", "function 9 f", "variable 11 g"]


def test_macro_text() -> None:
    """The text of a macro goes to the end of its last line, over comments that go over lines."""
    macro = "#define F(x) a(x) /* b\n c */ \\\n\td(x)"
    assert text_of(f"{macro}\nint y;\n", "F") == [macro]


def test_lost_way() -> None:
    """A macro with half a loop keeps the parser in a function; those behind it are found with their own texts."""
    behind = ["static int h(int a)\n{\n\treturn a;\n}", "static long i(void)\n{\n\treturn 1;\n}"]
    text = f"int e(void)\n{{\n}}\n\n{LOST}\n" + "\n\n".join(behind) + "\n"
    assert text_of(text, "h") == behind[:1]
    assert text_of(text, "i") == behind[1:]
    assert [name for name in found(text) if name.startswith("function")] == [
        "function 1 e",
        "function 5 f",
        "function 19 h",
        "function 24 i",
    ]


def test_loops_are_no_functions() -> None:
    """A loop of a macro, which looks like the head of a function, is part of the function that it is in."""
    text = "void f(void)\n{\n\tfor_each_process(p) {\n\t\tint x;\n\t\tg();\n\t}\n}\n"
    assert found(text) == ["function 1 f"]
    assert text_of(text, "f") == [text.rstrip("\n")]


def test_error_before() -> None:
    """What is no C at all does not hide what comes behind it."""
    assert "function 3 f" in found("@@ %% ) } {{{\n\nint f(void)\n{\n\treturn 1;\n}\n")


@given(
    st.binary(max_size=60), st.sampled_from((b"", b"int f(void) { ", b"#define A ", b"struct a { int b;", b"#if X\n"))
)
def test_any_bytes(junk: bytes, before: bytes) -> None:
    """Any bytes have definitions, and these lie within the text."""
    text = before + junk
    assert all(0 <= made.start < made.end <= len(text) for made in definitions(text))
