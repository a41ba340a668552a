"""Traces and gates whose pages the browser opens: real ones of the models in this tree, and a long one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from oomcheck.check import check_files
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.trace import Change, Ending, Lasting, Step, Trace, Truth
from oomcheck.result.verdict import trace_of
from oomcheck.rows import Options
from tests.report.reports import full_report
from tests.report.traces import stuck_trace, uninit_trace

ROOT = Path(__file__).parent.parent.parent
SERIES = (Path("models/oom_series_v5.oom"), Path("specs/oom_series_v5.oomspec"), "uninit_two/uninit")
TIMING = (Path("models/oom_v6_17.oom"), Path("specs/reaping_time.oomspec"), "worst_6_17/reaped*")
STARVING = (Path("models/examples/fischer.oom"), Path("specs/examples/fischer.oomspec"), "starving/*")


def checked(model: Path, spec: Path, select: str) -> Gated:
    """What a check of this tree finds; the working folder must be its root."""
    start = perf_counter()
    report = check_files(model, (spec,), Options(select=(select,)))
    return Gated(str(spec), str(model), report, seconds=perf_counter() - start)


def traces_of(entry: Gated) -> list[Trace]:
    """The traces of one entry of a gate."""
    results = entry.report.results if entry.report is not None else ()
    return [trace for result in results if (trace := trace_of(result.verdict)) is not None]


def sources_of(traces: list[Trace]) -> dict[str, str]:
    """The model files that traces name, below the root of this tree."""
    names = {name for trace in traces for name in [trace.ending.file, *(step.file for step in trace.steps)] if name}
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names if (ROOT / name).is_file()}


def lasso() -> Trace:
    """The loop of the reaper, with who holds and who waits."""
    return replace(
        stuck_trace(),
        lasting=(
            Lasting("held", "victim[0]", "mmap_lock (write)", 2, 7),
            Lasting("blocked", "oom_killer", "mmap_lock (read)", 4, 7),
            Lasting("timer", "", "oom_reaper_timer armed", 1, 3),
        ),
        truths=(
            Truth("sigkill ~> MMF_OOM_SKIP", "property", "0" * 8),
            Truth("sigkill", "part", "01111111"),
            Truth("order", "other", "--110011"),
        ),
    )


def made_gate() -> GateReport:
    """A gate with a row of every kind, a spec that is wrong, one whose process died."""
    return GateReport(
        "specs",
        (
            Gated("specs/oom_freezer.oomspec", "models/oom_freezer.oom", full_report(), seconds=1.25),
            Gated("specs/crashed.oomspec", "models/crashed.oom", None, failure="killed by signal 9"),
        ),
        complaints=("baseline: oom_freezer/base/order was holds, is vacuous",),
        seconds=3.5,
    )


def long_trace(steps: int = 1000, threads: int = 8) -> Trace:
    """A trace as long as they get: threads take turns, wait for locks, set flags and count."""
    names = tuple(f"worker[{number}]" for number in range(threads))
    made = []
    values: dict[str, str] = {}
    for number in range(1, steps + 1):
        who = number * 7 // 5 % threads
        bit = f"mm[{who}].flags.MMF_BIT_{number % 3}"
        old, count = values.get(bit, "false"), values.get(f"count[{who}]", "0")
        new = "false" if old == "true" else "true"
        changes = [Change(f"count[{who}]", count, str((int(count) + 1) % 9)), Change(bit, old, new)]
        values |= {bit: new, f"count[{who}]": changes[0].new}
        made.append(
            Step(
                number=number,
                process=names[who],
                choice=number,
                text=f"set_bit(MMF_BIT_{number % 3}, mm[{who}].flags) is {old}",
                file=f"models/part{number % 4}.oom",
                line=number % 200 + 1,
                source=f"mm/oom_kill.c:function_{number % 20}",
                changes=(*changes, Change(f"pc({names[who]})", str(number), str(number + 1), quiet=True)),
                reads=((f"mm[{who}].users", str(number % 4)),),
            )
        )
    spans = [
        Lasting(view, names[at // 10 % threads], text, at, min(at + 17, steps))
        for at in range(0, steps - 20, 10)
        for view, text in [
            ("held", f"lock[{at % 3}] (read)"),
            (("blocked", "sleeping", "frozen")[at // 10 % 3], f"lock[{at % 3}] (read)"),
        ]
    ]
    return replace(
        uninit_trace(),
        identity="long/run/ends",
        processes=names,
        environment=(),
        initial=tuple(
            [(f"count[{who}]", "0") for who in range(threads)]
            + [(f"mm[{who}].flags.MMF_BIT_{bit}", "false") for who in range(threads) for bit in range(3)]
        ),
        steps=tuple(made),
        ending=Ending("it ends here", names[0], "return ret", "models/part0.oom", 32),
        facts=(),
        lasting=tuple(spans),
        truths=tuple(
            Truth(f"condition {n}", "part", (("1" * (n + 3) + "0" * 5) * steps)[: steps + 1]) for n in range(3)
        ),
    )


def long_sources() -> dict[str, str]:
    """Model files for the long trace."""
    line = '\tset_bit(MMF_OOM_SKIP, mm->flags);\t\t\t@ "mm/oom_kill.c:__oom_reap_task_mm";'
    return {f"models/part{part}.oom": "\n".join([line] * 250) for part in range(4)}
