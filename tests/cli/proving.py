"""A model with an open parameter, for the tests of `prove` and `certify`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.samples import put

#: A thread goes through N rooms and marks each.
VISITS = """model visits source "linux v6.17";
param int N >= 1;
bool done[N];
int here;
thread walker                         @ "mm/oom_kill.c:walker" {
	for (i in 0 .. N - 1)
		atomic { done[i] = true; here = i; }
}
"""

VISITS_SPEC = """spec for "visits.oom";
invariant low "nobody leaves the rooms" : here < N;
never early : done[0];
cover full : done[0];
cover over : here >= N;
invariant idle : here > N -> done[0];
"""


def visits(folder: Path, checks: str, model: str = VISITS) -> list[str]:
    """The model and its spec with `checks`, as arguments that choose just these."""
    names = re.findall(r"check (\w+)", checks)
    chosen = [argument for name in names for argument in ("-p", f"visits/{name}/*")]
    return [
        str(put(folder, "visits.oom", model)),
        str(put(folder, "visits.oomspec", VISITS_SPEC + checks)),
        *chosen,
    ]
