"""SPIN: from a Promela model to a verifier, its best exact configuration, and what the verifier prints."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import BenchError, Counted, Measured, build, measured, run, unfinished
from tests.bench.points import PEERS, Point, Verdict

PACKAGE = "spin"
#: Of "elapsed time".
RESOLUTION = 0.01
#: Slots of the hash table, as a power of two, where the number of states is not known.
SLOTS = {"s": 20, "m": 22, "l": 24, "x": 26}
LEAST_SLOTS = 18


@dataclass(frozen=True, slots=True)
class Config:
    """How a verifier is made and run; `run_flags` come beside depth and hash table.

    `deeper` is by how much a search goes deeper than one for safety.
    """

    name: str
    translate: tuple[str, ...]
    compile: tuple[str, ...]
    run_flags: tuple[str, ...] = ()
    deeper: int = 1


#: Exact and unreduced: `-o2` keeps SPIN from resetting dead variables, which merges states.
EXACT = ("-DSAFETY", "-DNOREDUCE")
DEFAULT = Config("-O2", ("-o2",), ("-O2", *EXACT))
#: What the best is chosen from. `-DNOCOMP` stores states without masking constant bytes: faster, and larger.
CANDIDATES = (
    DEFAULT,
    Config("-O3 -march=native", ("-o2",), ("-O3", "-march=native", *EXACT)),
    Config("-O3 -DNOCOMP", ("-o2",), ("-O3", "-march=native", *EXACT, "-DNOCOMP", "-DNOBOUNDCHECK")),
    Config("-O2 breadth-first", ("-o2",), ("-O2", *EXACT, "-DBFS")),
)
#: Quickest from model to verdict where there is little to search.
FAST_BUILD = Config("-O0", ("-o2",), ("-O0", *EXACT))
#: Partial-order reduction and everything else that SPIN does by itself.
REDUCED = Config("reduced", (), ("-O2", "-DSAFETY"))
#: Weak fairness, with and without partial-order reduction: SPIN's choice.
RUNS = (
    Config("-a -f", ("-DLTL",), ("-O2",), ("-a", "-f"), deeper=2),  # a step of the model, a step of the claim
    Config(
        "-a -f, -DNOREDUCE", ("-DLTL",), ("-O2", "-DNOREDUCE"), ("-a", "-f"), deeper=2
    ),  # a step of the model, a step of the claim
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A compiled verifier in its folder; `built` are the seconds that it took from the model."""

    config: Config
    folder: Path
    arguments: tuple[str, ...]
    limit: float
    built: float

    @property
    def flags(self) -> str:
        """All commands, to repeat the figure by hand."""
        return commands(self.config, self.arguments)

    def __call__(self) -> Measured:
        """One run."""
        done = run(["./pan", *self.arguments], self.folder, self.limit)
        return unfinished(done) if done.killed else measured(done, read(done.out), RESOLUTION)


def commands(config: Config, given: tuple[str, ...]) -> str:
    """What to type, but for the parameters of the model."""
    translate = " ".join(("spin", *config.translate, "-a"))
    return f"{translate}; gcc {' '.join(config.compile)}; pan {' '.join(given)}"


def available() -> bool:
    """Whether SPIN and a compiler are on PATH."""
    return shutil.which("spin") is not None and shutil.which("gcc") is not None


def make(point: Point, config: Config, folder: Path, limit: float) -> Verifier:
    """The verifier of a point, built in a new folder."""
    folder.mkdir(parents=True)
    model = folder / "model.pml"
    shutil.copyfile(PEERS / f"{point.model.name}.pml", model)
    defines = [f"-D{name}={value}" for name, value in point.params]
    seconds = build(["spin", *config.translate, "-a", *defines, model.name], folder, limit)
    seconds += build(["gcc", *config.compile, "-o", "pan", "pan.c"], folder, limit)
    return Verifier(config, folder, arguments(point, config), limit, seconds)


def arguments(point: Point, config: Config) -> tuple[str, ...]:
    """Arguments of the verifier: depth and hash table that fit, `-E` where stuck states are no error."""
    sized = (f"-m{point.depth * config.deeper}", f"-w{slots(point)}")
    ends = () if point.model.deadlock else ("-E",)
    return (*config.run_flags, *ends, *sized)


def slots(point: Point) -> int:
    """The power of two of slots that holds all states with half of them to spare."""
    if point.states is None:
        return SLOTS[point.size]
    return max(LEAST_SLOTS, point.states.bit_length())


def read(out: str) -> Counted:
    """What a verifier prints; raises BenchError if it did not search everything although it found nothing."""
    if "max search depth too small" in out:
        raise BenchError("SPIN: the search hit its depth")
    errors = re.search(r"errors: (\d+)", out)
    stored = re.search(r"^\s*(\S+) states, stored", out, re.MULTILINE)
    if errors is None or stored is None:
        raise BenchError(f"SPIN: no result in\n{out[-2000:]}")
    steps = re.search(r"^\s*(\S+) transitions \(=", out, re.MULTILINE)
    elapsed = re.search(r"^pan: elapsed time (\S+) seconds", out, re.MULTILINE)
    return Counted(
        Verdict.HOLDS if errors.group(1) == "0" else Verdict.VIOLATED,
        round(float(stored.group(1))),
        None if steps is None else round(float(steps.group(1))) - 1,  # it counts the initial state
        None if elapsed is None else float(elapsed.group(1)),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A verifier and one run of it."""

    verifier: Verifier
    found: Measured


def trials(point: Point, configs: tuple[Config, ...], folder: Path, limit: float) -> list[Trial]:
    """One run of each configuration at a point."""
    made = [make(point, config, folder / str(number), limit) for number, config in enumerate(configs)]
    return [Trial(verifier, verifier()) for verifier in made]


def best(tried: list[Trial]) -> Verifier:
    """The fastest search; those that were killed come last."""
    return min(tried, key=lambda trial: (trial.found.verdict is Verdict.UNKNOWN, trial.found.search)).verifier
