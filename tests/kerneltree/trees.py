"""Small C trees for the tests; nothing in them is from a kernel."""

from __future__ import annotations

from pathlib import Path

from oomcheck.diag.span import Source
from oomcheck.kerneltree.references import Reference, references

MODELS = Path(__file__).parents[2] / "models"
MAKEFILE = "# comment\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\nNAME = Fish\n\nVERSION = 9\n"
REAPER = """/* The reaper of the tests. */
#define TRIES 10
static DEFINE_SPINLOCK(reap_lock);
extern struct mutex big_lock;
int other(int x);

static int reap(int victim)
{
	return victim + TRIES;
}

#ifdef A
static void wake(void) { reap(1); }
#else
static void wake(void) { }
#endif
"""
HEADER = """struct task {
	int flags;
	struct task *reap_next;
};
struct signal { int flags; };
enum bits { SKIP, UNSTABLE };
"""
OTHER = "int other(int x)\n{\n\treturn x;\n}\n"
FILES = {"Makefile": MAKEFILE, "mm/reap.c": REAPER, "mm/other.c": OTHER, "include/linux/task.h": HEADER}


def make_tree(root: Path, **changed: str) -> Path:
    """A tree below `root`; `changed` has other texts for files, `__` for `/` and `_` for the dot in its names."""
    texts = FILES | {name.replace("__", "/").replace("_", "."): text for name, text in changed.items()}
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def model(*texts: str, head: str = ' source "linux v6.12"', path: str = "m.oom") -> Source:
    """A model with a constant for each reference."""
    lines = [f'const C{number} = 1 @ "{text}";' for number, text in enumerate(texts)]
    return Source(path, "\n".join([f"model m{head};", *lines, ""]))


def refer(*texts: str, head: str = ' source "linux v6.12"') -> list[Reference]:
    """The references of such a model."""
    return references([model(*texts, head=head)])
