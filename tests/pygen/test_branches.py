"""Common conditions are tested once."""

from __future__ import annotations

from oomcheck.ir.expr import FALSE, TRUE, Var, and_, not_
from oomcheck.ir.sorts import BOOL
from oomcheck.pygen.branches import emit
from oomcheck.pygen.expressions import Emitter
from oomcheck.semantics.guarded import Guarded, guarded

P, Q, R = (Var(name, BOOL) for name in "pqr")
SLOTS = {"p": 0, "q": 1, "r": 2}


def lines(*items: Guarded) -> list[str]:
    """The emitted lines."""
    return emit(items, Emitter(SLOTS))


def test_shared_tests() -> None:
    """Neighbours share a leading test, and its opposite becomes the other branch."""
    assert lines(
        guarded(and_(P, Q), ["a"]),
        guarded(and_(P, not_(Q)), ["b"]),
        guarded(P, ["c"]),
        guarded(and_(not_(P), R), ["d", "e"]),
        guarded(TRUE, ["f"]),
    ) == [
        " if s[0]:",
        "  if s[1]:",
        "   a",
        "  else:",
        "   b",
        "  c",
        " else:",
        "  if s[2]:",
        "   d",
        "   e",
        " f",
    ]


def test_order_is_kept() -> None:
    """Items are not moved to where their test is already known."""
    assert lines(guarded(P, ["a"]), guarded(Q, ["b"]), guarded(P, ["c"])) == [
        " if s[0]:",
        "  a",
        " if s[1]:",
        "  b",
        " if s[0]:",
        "  c",
    ]


def test_never() -> None:
    """A false guard is a test like any other."""
    assert lines(guarded(FALSE, ["a"])) == [" if 0:", "  a"]


def test_depth_is_bounded() -> None:
    """Long conjunctions end in one test, because Python limits indentation."""
    tests = tuple(Var(f"v{number}", BOOL) for number in range(300))
    slots = {test.name: number for number, test in enumerate(tests)}
    text = emit([Guarded(tests, ("return 1",)), Guarded(tests, ("return 2",))], Emitter(slots))
    compile("def f(s):\n" + "\n".join(text), "<test>", "exec")
    assert max(len(line) - len(line.lstrip()) for line in text) == 41
