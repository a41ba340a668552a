"""What the tool costs before and after a search: the parts of one `oomcheck check`, as medians of many processes.

    python tests/bench/startup.py [MODEL] [-c NAME=VALUE] [--runs N]

The caches are warm: one run before the measured ones fills the user's cache and compiles the modules. `wall` is what
the user waits, `cpu` what the process computes: on a machine with other work the second is the one to compare. `start`
is an empty Python, `exit` what the whole process takes beyond the parts. A model of ten states is the default: its
search costs nothing, so all that is left is overhead.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "examples" / "trivial.oom"

#: Runs the command as the entry point does; functions that make up a part note their seconds, wall and CPU.
CHILD = """
import time
clocks = (time.perf_counter, time.process_time)
begin = [clock() for clock in clocks]
import io, json, sys
import oomcheck.cli.main, oomcheck.cli.check
parts = {"import": [clock() - first for clock, first in zip(clocks, begin)]}

def timed(owner, name, part):
    inner = getattr(owner, name)
    def outer(*args, **given):
        start, before = [clock() for clock in clocks], [sum(times) for times in zip(*parts.values())]
        try:
            return inner(*args, **given)
        finally:
            after = [sum(times) for times in zip(*parts.values())]
            took = [clock() - first - (new - old) for clock, first, new, old in zip(clocks, start, after, before)]
            parts[part] = [old + new for old, new in zip(parts.get(part, (0, 0)), took)]
    setattr(owner, name, outer)

check, readings, command = (sys.modules[f"oomcheck.{name}"] for name in ("check", "readings", "cli.check"))
for owner, name, part in (
    (check, "read_files", "parse"),
    (check, "read_spec", "parse"),
    (check, "elaborate", "type"),
    (readings, "elaborate", "type"),
    (readings, "lower", "lower"),
    (check._Runner, "_search", "search"),
    (command, "check_files", "plan"),
    (command, "render_report", "report"),
    (oomcheck.cli.main, "_guarded", "command line"),
):
    timed(owner, name, part)
shown, sys.stdout = sys.stdout, io.StringIO()
oomcheck.cli.main.main(sys.argv[1:])
json.dump(parts, shown)
"""
PARTS = ("start", "import", "command line", "parse", "type", "lower", "plan", "search", "report", "exit", "whole")

Times = tuple[float, float]  # seconds, wall and CPU


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The parts of one `oomcheck check` on a small model.")
    parser.add_argument("model", nargs="?", type=Path, default=MODEL)
    parser.add_argument("-c", dest="params", metavar="NAME=VALUE", action="append", default=[])
    parser.add_argument("--runs", type=int, default=20)
    args = parser.parse_args()
    command = ["check", str(args.model), *(word for pair in args.params for word in ("-c", pair))]
    with tempfile.TemporaryDirectory() as compiled:
        runs = [measured(command, compiled) for _ in range(args.runs + 1)][1:]
    print(f"{'':12}  {'wall ms':>9}  {'(least)':>9}  {'cpu ms':>9}  {'(least)':>9}")
    for part in PARTS:
        columns = [[run[part][clock] * 1000 for run in runs if part in run] for clock in (0, 1)]
        figures = [f"{figure(values):9.1f}" for values in columns if values for figure in (statistics.median, min)]
        print(f"{part:>12}  {'  '.join(figures)}")


def measured(command: list[str], compiled: str) -> dict[str, Times]:
    """Times of each part, of processes that keep their compiled modules in the folder `compiled`."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"PYTHONPYCACHEPREFIX": compiled, "PYTHONPATH": str(ROOT)}
    start, _ = timed(["-c", "pass"], environ)
    whole, text = timed(["-c", CHILD, *command], environ)
    parts: dict[str, Times] = json.loads(text)
    known = (start, *parts.values())
    rest = tuple(total - sum(part[clock] for part in known) for clock, total in enumerate(whole))
    return {**parts, "start": start, "whole": whole, "exit": (rest[0], rest[1])}


def timed(arguments: list[str], environ: dict[str, str]) -> tuple[Times, str]:
    """What Python takes with these arguments, and what it prints."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], env=environ, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (wall, cpu), done.stdout


if __name__ == "__main__":
    main()
