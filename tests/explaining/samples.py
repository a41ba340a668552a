"""Small models with known races, and their traces as `explain` gets them."""

from __future__ import annotations

from pathlib import Path

from oomcheck.check import check_files
from oomcheck.explaining.explain import explain
from oomcheck.explaining.explanation import Explanation, Item, Need
from oomcheck.explaining.reduced import Question
from oomcheck.explaining.searching import Searcher
from oomcheck.explaining.story import Story, story_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.replaying import reopen
from oomcheck.result.exploration import Limits
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import trace_of
from oomcheck.rows import Options
from oomcheck.semantics.search import explore

#: Two threads add one each, by a load and a store; a third one has nothing to do with it.
LOST_UPDATE = """model m source "linux v6.17";
marked int 0..9 users;
marked int 0..9 other;
thread a     @ "mm/oom_kill.c:a" { int 0..9 x; x = users; users = x + 1; end: other = 1; }
thread b     @ "kernel/exit.c:b" { int 0..9 x; x = users; users = x + 1; end: other = 1; }
thread stray { other = 2; other = 3; }
"""
LOST_UPDATE_SPEC = "never lost : a at end and b at end and users == 1;"

#: A wake-up that comes between a test and the sleep is lost: here nobody tests again after the enqueue.
LOST_WAKE_UP = """model m;
marked bool ready = false;
marked bool asleep = false;
thread sleeper { if (ready) return; asleep = true; await !asleep; }
thread waker { ready = true; asleep = false; }
"""

#: The fault needs that the environment freezes, not that it thaws.
FREEZE = """model m;
marked bool frozen = false;
marked bool noise = false;
env user @ "kernel/cgroup/legacy_freezer.c:freezer_write" {
	either { frozen = true; } or { noise = true; }
}
thread t { await frozen; assert !frozen @ "kernel/freezer.c:t"; }
"""

#: Three ticks of work are too long for a flag that lasts two; a thread that is late does no harm.
TIMED = """model m;
marked bool late = false;
marked bool seen = false;
thread slow { delay(1 .. 3); seen = late; }
thread clock { delay(2); late = true; }
"""


def searcher(limits: Limits | None = None) -> Searcher:
    """By the reference semantics."""
    return Searcher(None, limits or Limits())


def trace_in(folder: Path, model: str, spec: str = "", select: str = "") -> Trace:
    """The trace of the one property that is selected."""
    (folder / "m.oom").write_text(model, encoding="utf-8")
    specs = []
    if spec:
        (folder / "m.oomspec").write_text(f'spec for "m.oom";\n{spec}\n', encoding="utf-8")
        specs = [folder / "m.oomspec"]
    report = check_files(folder / "m.oom", tuple(specs), Options(select=(select,) if select else ()))
    traces = [trace for trace in (trace_of(result.verdict) for result in report.results) if trace is not None]
    assert len(traces) == 1, [result.identity for result in report.results]
    return traces[0]


def explained(folder: Path, model: str, spec: str = "", select: str = "", limits: Limits | None = None) -> Explanation:
    """The explanation of that trace."""
    trace = trace_in(folder, model, spec, select)
    return explain(trace, reopen(trace, folder / "m.oom"), searcher(limits))


def needs(explanation: Explanation) -> dict[str, Need]:
    """The answer for each item, by its sort, process and text."""
    return {called(item): item.need for item in explanation.items}


def called(item: Item) -> str:
    """How tests call an item."""
    return " ".join(filter(None, [item.sort.value, item.process, item.text]))


def story(system: TransitionSystem, prop: Property) -> Story:
    """The shortest run that decides a property."""
    question = Question(system, prop)
    found = story_of(question, explore(system, [prop], Limits()).witnesses[prop.name])
    assert found is not None
    return found
