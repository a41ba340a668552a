"""Small models that differ in a fix, and how tests read them."""

from __future__ import annotations

from pathlib import Path

from oomcheck.comparing.compare import Comparison, compare
from oomcheck.comparing.sides import Side, read_side, read_specs
from oomcheck.result.trace import Trace
from oomcheck.rows import Options
from tests.cli.samples import put

#: Without the fix, `two` sees what `one` does for a moment.
FIX = """model fix;
param bool FIX = false;
mutex m;
marked int 0..3 x;
marked int 0..3 y;
thread one                            @ "mm/mmap.c:one" {
	if (FIX)
		mutex_lock(m);
	x = 1;
	x = 0;
	if (FIX)
		mutex_unlock(m);
}
thread two                            @ "mm/mmap.c:two" {
	if (FIX)
		mutex_lock(m);
	if (x == 1)
		y = 1;
	if (FIX)
		mutex_unlock(m);
}
"""

FIX_SPEC = """spec for "fix.oom";
never seen "two sees the middle" : y == 1;
cover goes : x == 1;
check both : seen, goes;
"""


def sides(folder: Path, a: str, b: str) -> tuple[Side, Side]:
    """Two models from their texts."""
    left, right = put(folder, "a.oom", a), put(folder, "b.oom", b)
    return read_side("A", left, {}, ()), read_side("B", right, {}, ())


def compared(
    folder: Path, a: str, b: str, spec: str = "", select: tuple[str, ...] = (), trace: Trace | None = None
) -> Comparison:
    """Two models compared by the reference engine; the spec is for A."""
    both = sides(folder, a, b)
    paths = [put(folder, "a.oomspec", f'spec for "a.oom";\n{spec}')] if spec else []
    return compare(*both, read_specs(paths, both), Options(select=select, engine="reference"), trace, with_texts=True)
