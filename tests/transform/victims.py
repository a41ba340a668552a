"""The model of the threads of an OOM victim at several sizes, and what counts them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from oomcheck.ir.expr import Expr, not_
from oomcheck.transform.counting.counted import Counted
from oomcheck.transform.counting.uniform import counted_family
from tests.transform.counting import Asked, asked

ROOT = Path(__file__).parents[2]
#: A spec with P7 alone: what others say of places in the code would make steps of them.
MODEL, SPEC = ROOT / "models" / "victim_threads.oom", Path(__file__).with_suffix(".oomspec")
KILLED, SELF_OOM = "killed", "self_oom"  # threads wait for SIGKILL; threads call the OOM killer themselves


@cache
def victims(fix: str, members: int, way: str = "") -> Asked:
    """The model with so many threads."""
    values = {"EARLY_EXIT": int(way != KILLED), "SELF_OOM": int(way == SELF_OOM)}
    return asked(MODEL, SPEC, {"FIX": fix, "NVICTIM": members, **values})


@cache
def family(fix: str, way: str = "") -> Counted:
    """All sizes of it."""
    found = counted_family([victims(fix, members, way) for members in (3, 4)], "victim.t")
    assert isinstance(found, Counted), found
    return found


def bad(counted: Counted) -> Expr:
    """That the count is negative."""
    (prop,) = counted.properties
    return not_(prop.formula)
