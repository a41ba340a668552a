"""All mutants of all models below a folder, judged in processes of their own, several at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeVar

from oomcheck.diag.diagnostic import error
from oomcheck.lang.tree import EquivalentDecl, ModelFile
from oomcheck.mutation.judge import Bench, Equivalent, Fate, Killed, Reading, Target, judge, open_target, readings_of
from oomcheck.mutation.mutants import Mutant, constants_of, mutants_of
from oomcheck.records import dataclass
from oomcheck.result.verdict import Result, Word, word
from oomcheck.rows import Options

T = TypeVar("T")
R = TypeVar("R")

BEAT: Final = 0.2  # seconds between two questions whether to stop


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant, the file it is in as the user names it, its fate, and why a spec says that nobody can notice it."""

    file: str
    mutant: Mutant
    fate: Fate
    because: str = ""

    @property
    def name(self) -> str:
        """How specs name it."""
        return full_name(self.mutant)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Mutants in the order of files and lines. `weak` are rows that are not as expected without any mutant, `open`
    those of them that are merely undecided.

    `complaints` are explanations in specs that do not fit: of a mutant that is killed, or that there is none of.
    """

    folder: str
    judged: tuple[Judged, ...]
    weak: tuple[str, ...]
    complaints: tuple[str, ...]
    partial: str = ""
    open: tuple[str, ...] = ()

    @property
    def survivors(self) -> tuple[Judged, ...]:
        """Mutants that nobody killed and nobody explained."""
        return tuple(one for one in self.judged if not isinstance(one.fate, Killed | Equivalent) and not one.because)


@dataclass(frozen=True, slots=True)
class MutationOptions:
    """Which mutants: globs over `FILE: NAME` and lines. `jobs` is how many are judged at once, 0 for one per core."""

    checks: Options
    select: tuple[str, ...] = ()
    jobs: int = 0
    progress: Callable[[int, int], None] | None = None  # hears how many of how many are judged
    listed: bool = False  # only name the mutants


def full_name(mutant: Mutant) -> str:
    """`reaper.oom: drop test ...`."""
    return f"{Path(mutant.path).name}: {mutant.name}"


def run_campaign(folder: str, specs: Sequence[tuple[str, Path]], options: MutationOptions) -> Campaign:
    """Judge all mutants of the models that specs are for; each spec comes with the name its identities begin with.

    Raises OomcheckError if a spec or model has errors, or if a glob fits no mutant.
    """
    stop = options.checks.should_stop or (lambda: "")
    targets = [open_target(name, path, options.checks) for name, path in specs]
    chosen = _chosen(targets, options)
    if options.listed:
        return Campaign(folder, tuple(Judged(file, mutant, Equivalent()) for file, mutant in chosen), (), ())
    bench = Bench(targets, replace(options.checks, should_stop=None, progress=None))
    workers = _Workers(bench, options.jobs)
    before = workers.all(_measure, range(len(targets)), (), stop, None)
    readings = sorted((one for found, _ in before.values() for one in found), key=lambda one: one.seconds)
    results = [result for _, (_, found) in sorted(before.items()) for result in found]
    fates = {} if stop() else workers.all(_judge, [mutant for _, mutant in chosen], readings, stop, options.progress)
    explained = {decl.mutant: decl for target in targets for decl in target.tree.equivalents}
    judged = tuple(
        Judged(file, mutant, fate, _why(explained, mutant))
        for n, (file, mutant) in enumerate(chosen)
        if (fate := fates.get(n)) is not None
    )
    complaints = () if options.select or stop() else tuple(_complaints(targets, judged, options.checks.quick))
    weak = [result for result in results if not result.ok]
    undecided = tuple(r.identity for r in weak if word(r.verdict) in (Word.UNKNOWN, Word.HOLDS_UP_TO))
    return Campaign(folder, judged, tuple(r.identity for r in weak), complaints, stop(), undecided)


def _why(explained: dict[str, EquivalentDecl], mutant: Mutant) -> str:
    decl = explained.get(full_name(mutant))
    return "" if decl is None else decl.because


def _complaints(targets: Sequence[Target], judged: Sequence[Judged], quick: bool) -> Iterator[str]:
    """Explanations are as strict as expectations: each must be of a mutant that survives.

    The quick form does not look at all that is explained.
    """
    fates = {one.name: one.fate for one in judged}
    for target in targets:
        for decl in target.tree.equivalents:
            fate = fates.get(decl.mutant)
            where = f"{target.path}:{decl.span.line}: `{decl.mutant}`"
            if fate is None:
                yield f"{where} is no mutant"
            elif isinstance(fate, Killed):
                yield f"{where} is said to change nothing, but {fate.identity} is {fate.found}"
            elif isinstance(fate, Equivalent) and not quick:
                yield f"{where} needs no explanation: no step of a checked model changes"


def _chosen(targets: Sequence[Target], options: MutationOptions) -> list[tuple[str, Mutant]]:
    """The mutants that the globs choose, with the file as the user names it; E0006 for a glob that fits none."""
    parts: dict[str, tuple[str, ModelFile]] = {}
    for target in targets:
        for tree, source in zip(target.files.files, target.files.sources, strict=True):
            parts.setdefault(str(Path(source.path).resolve()), (os.path.normpath(source.path), tree))
    constants = constants_of(tree for _, tree in parts.values())
    everything = [
        (shown, replace(mutant, path=path))
        for path, (shown, tree) in sorted(parts.items())
        for mutant in mutants_of(tree, constants)
    ]
    for glob in options.select:
        if not any(_fits(file, mutant, glob) for file, mutant in everything):
            raise error("E0006", f"`-p {glob}` fits no mutant", None, "such as -p 'reaper.oom: *' or -p '*:42'")
    return [
        (file, mutant)
        for file, mutant in everything
        if not options.select or any(_fits(file, mutant, glob) for glob in options.select)
    ]


def _fits(file: str, mutant: Mutant, glob: str) -> bool:
    names = (full_name(mutant), mutant.name, f"{file}:{mutant.line}", f"{Path(file).name}:{mutant.line}", file)
    return any(name == glob or fnmatchcase(name, glob) for name in names)


# ---------------------------------------------------------------- processes


class _Known:
    """What a process that judges knows; it is set once, when the process starts."""

    bench: Bench
    readings: Sequence[Reading]


def _start(bench: Bench, readings: Sequence[Reading]) -> None:
    """A process begins. It ends when the first one says so; Ctrl-C is for that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _Known.bench, _Known.readings = bench, readings


def _measure(number: int) -> tuple[tuple[Reading, ...], tuple[Result, ...]]:
    return readings_of(number, _Known.bench.targets[number], _Known.bench.options)


def _judge(mutant: Mutant) -> Fate | None:
    return judge(mutant, _Known.bench, _Known.readings, lambda: "")


class _Workers:
    """Processes that know the bench; they are forked, so that nothing is read twice."""

    def __init__(self, bench: Bench, jobs: int) -> None:
        self._bench = bench
        self._jobs = jobs or len(os.sched_getaffinity(0))

    def all(
        self,
        work: Callable[[T], R],
        tasks: Sequence[T],
        readings: Sequence[Reading],
        stop: Callable[[], str],
        progress: Callable[[int, int], None] | None,
    ) -> dict[int, R]:
        """What becomes of each task, by its number; tasks that were not done when the caller stops are missing."""
        context = multiprocessing.get_context("fork")
        pool = ProcessPoolExecutor(self._jobs, context, _start, (self._bench, tuple(readings)))
        done: dict[int, R] = {}
        try:
            pending: dict[Future[R], int] = {pool.submit(work, task): n for n, task in enumerate(tasks)}
            while pending and not stop():
                ready, _ = wait(pending, BEAT, FIRST_COMPLETED)
                for future in ready:
                    done[pending.pop(future)] = future.result()
                if progress is not None:
                    progress(len(done), len(tasks))
            if not pending:
                pool.shutdown()  # else the interpreter may end while a thread of the pool still does
        except BrokenProcessPool:
            if stop():  # who ended them ends this, too
                return done
            hint = "was it out of memory? fewer at once: -j 1"
            raise error("E0510", "a process that judged mutants died", None, hint) from None
        finally:
            for child in multiprocessing.active_children():
                child.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
        return done
