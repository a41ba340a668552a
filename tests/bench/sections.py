"""The sections of the benchmark: who runs at a point, and with which settings."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import ours, rumur, spin, tlc
from tests.bench.measure import Measured
from tests.bench.points import ROOT, Point, RunPoint, Verdict
from tests.bench.rounds import Contender, Name, Result, interleave


@dataclass(frozen=True, slots=True)
class Setup:
    """What all sections need. `peers` are the modules of the tools that are there; `folder` is for scratch files.

    `cache` is our warm cache, and lies in `folder` like the fresh ones, so that nothing outside is used or left.
    """

    tool: ours.Tool
    engine: str
    peers: frozenset[str]
    rounds: int
    limit: float
    folder: Path

    @property
    def cache(self) -> Path:
        """Of all runs but the cold ones."""
        return self.folder / "cache"

    def fresh(self, name: str) -> Path:
        """A folder that does not exist yet."""
        return Path(tempfile.mkdtemp(prefix=name, dir=self.folder)) / "in"


def _result(point: Point, contenders: Sequence[Contender], rounds: int) -> Result:
    runs = interleave(contenders, rounds)
    flags = {contender.name: contender.flags for contender in contenders}
    return Result(point.title, point.short, point.size, point.expect, point.states, runs, flags)


def _ours(setup: Setup, name: Name, setting: ours.Setting, point: Point) -> list[Contender]:
    """Us with a setting, if this version can do it; run once before so that the cache is warm."""
    given = ours.flags(setup.tool, setting)
    if given is None:
        return []
    return [Contender(name, " ".join(given), ours.checker(setup.tool, point, given, setup.cache, setup.limit))]


def search(setup: Setup, point: Point) -> Result:
    """Exact, unreduced searches of everybody, by one thread and by two."""
    contenders = _ours(setup, Name.OURS, ours.Setting(setup.engine), point)
    contenders += _ours(setup, Name.OURS_2, ours.Setting(setup.engine, threads=2), point)
    extra: dict[Name, tuple[Measured, ...]] = {}
    if "spin" in setup.peers:
        # At size s a search is over before its clock ticks: there is no best.
        configs = spin.CANDIDATES if point.size != "s" else (spin.DEFAULT,)
        tried = spin.trials(point, configs, setup.fresh("spin"), setup.limit)
        chosen = spin.best(tried)
        contenders.append(Contender(Name.SPIN, chosen.flags, chosen))
        extra[Name.SPIN_DEFAULT] = (tried[0].found,)
    if "rumur" in setup.peers:
        for name, threads in ((Name.RUMUR, 1), (Name.RUMUR_2, 2)):
            verifier = rumur.make(point, threads, setup.fresh("rumur"), setup.limit)
            contenders.append(Contender(name, verifier.flags, verifier))
    if "tlc" in setup.peers:
        checker = tlc.make(point, 2, setup.fresh("tlc"), setup.limit)
        contenders.append(Contender(Name.TLC_2, checker.flags, checker))
    for contender in contenders[:1]:
        contender.run()  # the first run compiles
    found = _result(point, contenders, setup.rounds)
    return replace(found, runs={**found.runs, **extra})


def whole(setup: Setup, point: Point) -> Result:
    """From the model's text to the verdict, as users run it: ours by how much is in the cache, the peers from scratch.

    Cold is a model that was never compiled, in a tool that was used before; the first run ever also builds the core.
    """
    given = ours.flags(setup.tool, ours.Setting("auto")) or ()

    def first() -> Measured:
        return ours.checker(setup.tool, point, given, setup.fresh("first"), setup.limit)()

    def cold() -> Measured:
        folder = setup.fresh("cold")
        shutil.copytree(setup.cache, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("model-*"))
        return ours.checker(setup.tool, point, given, folder, setup.limit)()

    warm = ours.checker(setup.tool, point, given, setup.cache, setup.limit)
    warm()
    text = " ".join(given)
    contenders = [
        Contender(Name.OURS_FIRST, text, first),
        Contender(Name.OURS_COLD, text, cold),
        Contender(Name.OURS_WARM, text, warm),
    ]
    if "spin" in setup.peers:
        for name, config in ((Name.SPIN, spin.DEFAULT), (Name.SPIN_FAST_BUILD, spin.FAST_BUILD)):
            flags = spin.commands(config, spin.arguments(point, config))
            contenders.append(Contender(name, flags, _spin_pipeline(setup, point, config)))
    if "rumur" in setup.peers:
        flags = rumur.commands(rumur.options(point, 1))
        contenders.append(Contender(Name.RUMUR, flags, _rumur_pipeline(setup, point)))
    return _result(point, contenders, setup.rounds)


def _spin_pipeline(setup: Setup, point: Point, config: spin.Config) -> Callable[[], Measured]:
    def once() -> Measured:
        verifier = spin.make(point, config, setup.fresh("spin"), setup.limit)
        found = verifier()
        return replace(found, seconds=found.seconds + verifier.built)

    return once


def _rumur_pipeline(setup: Setup, point: Point) -> Callable[[], Measured]:
    def once() -> Measured:
        verifier = rumur.make(point, 1, setup.fresh("rumur"), setup.limit)
        found = verifier()
        return replace(found, seconds=found.seconds + verifier.built)

    return once


def runs(setup: Setup, asked: RunPoint) -> Result:
    """A property about runs with weak fairness; counts are not compared, since each tool counts its own product."""
    given = ours.flags(setup.tool, ours.Setting(setup.engine)) or ()
    check = ours.runner(ours.runs_command(setup.tool, asked, given), setup.cache, setup.limit)
    check()
    contenders = [Contender(Name.OURS, " ".join(given), check)]
    if "spin" in setup.peers:
        chosen = spin.best(spin.trials(asked.point, spin.RUNS, setup.fresh("spin"), setup.limit))
        contenders.append(Contender(Name.SPIN, chosen.flags, chosen))
    found = _result(asked.point, contenders, setup.rounds)
    return replace(found, title=f"{found.title}: {asked.claim}", counted=False)


def reductions(setup: Setup, point: Point) -> Result:
    """States that are left with all reductions, ours and SPIN's; one run each, since counts do not vary."""
    contenders = _ours(setup, Name.OURS, ours.Setting(setup.engine), point)
    contenders += _ours(setup, Name.OURS_REDUCED, ours.Setting(setup.engine, reduced=True), point)
    if "spin" in setup.peers:
        verifier = spin.make(point, spin.REDUCED, setup.fresh("spin"), setup.limit)
        contenders.append(Contender(Name.SPIN_REDUCED, verifier.flags, verifier))
    return _result(point, contenders, 1)


def kernel(setup: Setup, model: Path) -> Result:
    """A model of kernel code at its own parameters: without and with reductions, ours alone; the verdict is its own."""
    contenders = []
    for name, setting in (
        (Name.OURS, ours.Setting(setup.engine)),
        (Name.OURS_2, ours.Setting(setup.engine, threads=2)),
        (Name.OURS_REDUCED, ours.Setting(setup.engine, reduced=True)),
    ):
        given = ours.flags(setup.tool, setting)
        if given is not None:
            command = ours.safety_command(setup.tool, model, (), given)
            contenders.append(Contender(name, " ".join(given), ours.runner(command, setup.cache, setup.limit)))
    contenders[0].run()
    title = str(model.relative_to(ROOT / "models").with_suffix(""))
    found = interleave(contenders, setup.rounds)
    verdict = _agreed(found)
    return Result(title, title, "", verdict, None, found, {})


def large(setup: Setup, point: Point) -> Result:
    """A point that only we search, once on one thread and once on two."""
    contenders = []
    for name, setting in (
        (Name.OURS, ours.Setting(setup.engine)),
        (Name.OURS_2, ours.Setting(setup.engine, threads=2)),
    ):
        given = ours.flags(setup.tool, setting)
        if given is not None:
            command = ours.safety_command(setup.tool, point.model.path, point.params, given)
            contenders.append(Contender(name, " ".join(given), ours.runner(command, setup.cache, setup.limit)))
    found = interleave(contenders, 1)
    return Result(point.title, point.short, point.size, _agreed(found), point.states, found, {})


def _agreed(found: dict[Name, tuple[Measured, ...]]) -> Verdict | None:
    """The verdict of the first run that ended: all others must give it too."""
    ended = [run.verdict for runs in found.values() for run in runs if run.verdict is not Verdict.UNKNOWN]
    return ended[0] if ended else None
