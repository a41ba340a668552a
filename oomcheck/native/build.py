"""From C text to a shared object: the core once for each width of states, and one small file for each model.

The compiler is called without a shell, in a folder of its own, on files whose names are fixed here; nothing of a model
but the content of one file reaches it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, assert_never

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.native.cache import Cache, CacheError, key_of
from oomcheck.native.compiler import Compiler, Kind, how_it_ended, ladder, printable, unusable
from oomcheck.records import dataclass
from oomcheck.version import VERSION

HERE: Final = Path(__file__).parent
RUNTIME: Final = HERE / "runtime"
LIBC: Final = HERE / "tcc" / "libc.h"

#: Seconds that the compiler has for the files of a unit, and again for linking them.
LIMIT: Final = 120.0
MOST_LINES: Final = 5
#: Characters from which on compiling a model takes longer than most searches of it.
LARGE: Final = 60_000
#: And from which on gcc takes more than linear time unless it leaves code as it is: for 10,000 steps 22 s, or else 3 s.
HUGE: Final = 300_000

#: `-w`: users can do nothing about warnings in code of ours.
GCC_COMPILE: Final = ("-std=c11", "-fPIC", "-pthread", "-pipe", "-w")
#: `-z defs`: what is missing is missing now, not in the middle of a search.
GCC_LINK: Final = ("-shared", "-pthread", "-Wl,-z,defs")
#: Without a C library beside it, tcc takes undefined names from the process; `-Werror` for calls of undeclared ones.
TCC_FLAGS: Final = ("-std=c11", "-fPIC", "-shared", "-nostdlib", "-Werror", "-Ilibc", "-include", "libc/libc.h")
#: Empty files: each would say what `libc.h` has said.
LIBC_HEADERS: Final = (
    *("endian.h", "errno.h", "fcntl.h", "pthread.h", "sched.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h"),
    *("string.h", "sys/mman.h", "sys/stat.h", "sys/types.h", "time.h", "unistd.h"),
)
#: Variables that make gcc write files outside its folder.
DROPPED: Final = frozenset({"DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"})
OUTPUT: Final = "out.so"
FILE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[ch]")


class BuildError(Exception):
    """The compiler did not build what it was given; says why."""


class NoCompilerError(Exception):
    """No compiler here can build native code; says why, for each that was tried."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One shared object: its .c and .h files by name, and the flags that are its own."""

    label: str
    sources: Mapping[str, str]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """What builds need beside a compiler: the cache, the environment it runs in, and the seconds that it has."""

    cache: Cache
    environ: Mapping[str, str]
    seconds: float = LIMIT


@dataclass(frozen=True, slots=True)
class Libraries:
    """Shared objects that were built by one compiler and verified; to be loaded soon, see `cache.GRACE`."""

    core: Path
    model: Path
    compiler: Compiler


@dataclass(frozen=True, slots=True)
class _Job:
    """All that the result depends on: files by name, and calls of the compiler; calls of one stage may run at once."""

    files: Mapping[str, str]
    stages: tuple[tuple[tuple[str, ...], ...], ...]
    compiler: Compiler


class Workshop:
    """The first compiler of the ladder that can build the core; one that could not is not tried again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ladder = ladder(site.environ, site.cache)
        self._compiler: Compiler | None = None
        self._reasons: list[str] = []
        self._refusal: OomcheckError | None = None

    def libraries(self, words: int, text: str) -> Libraries:
        """The core for states of so many words (see `core_unit`), and the model whose C file is `text`.

        Raises NoCompilerError if no compiler builds the core, BuildError if the one that does fails on this model, and
        E0506 in both cases if the user chose the compiler.
        """
        if self._refusal is not None:
            raise self._refusal
        try:
            core, compiler = self._core(words)
        except OomcheckError as refusal:
            self._refusal = refusal
            raise
        try:
            return Libraries(core, build(model_unit(text), compiler, self._site), compiler)
        except BuildError as problem:
            if compiler.chosen:
                raise unusable(compiler, str(problem)) from problem
            raise

    def part(self, part: str, words: int) -> Path:
        """A part of the runtime, built by the compiler of the core. Raises as `libraries`."""
        _, compiler = self._core(words)
        try:
            return build(part_unit(part, words), compiler, self._site)
        except BuildError as problem:
            if compiler.chosen:
                raise unusable(compiler, str(problem)) from problem
            raise

    def _core(self, words: int) -> tuple[Path, Compiler]:
        while compiler := self._compiler or next(self._ladder, None):
            try:
                core = build(core_unit(words), compiler, self._site)
            except BuildError as problem:
                if compiler.chosen:
                    raise unusable(compiler, str(problem)) from problem
                self._reasons.append(f"{compiler.name}: {problem}")
                self._compiler = None
            else:
                self._compiler = compiler
                return core, compiler
        raise NoCompilerError("\n".join(self._reasons) or "there is no C compiler")


def core_unit(words: int, runtime: Path = RUNTIME) -> Unit:
    """The search core for states of `words` 64-bit words: every C file of the runtime.

    With 0 words, the one that keeps states of any width folded, see `runtime/store.h`.
    """
    width = (f"-DWORDS={words:d}",) if words else ("-DWORDS=1", "-DFOLDED")
    return Unit("core", _texts(runtime, "*.[ch]"), ("-O2", *width))


def part_unit(part: str, words: int, runtime: Path = RUNTIME) -> Unit:
    """A part of the runtime that few searches need, in a folder of its own: `runs` or `lossy`."""
    shared = {**_texts(runtime, "*.h"), **_texts(runtime, "memory.c")}
    return Unit(part, {**shared, **_texts(runtime / part, "*.[ch]")}, ("-O2", f"-DWORDS={words:d}"))


def model_unit(text: str) -> Unit:
    """One generated model. A higher level compiles twice as long for code that waits for memory anyway.

    For a large model that is true of -O1 as well, and for a huge one of any.
    """
    level = "-O1" if len(text) < LARGE else "-Og" if len(text) < HUGE else "-O0"
    return Unit("model", {"model.c": text, **_texts(RUNTIME, "model.h"), **_texts(RUNTIME, "ample.h")}, (level,))


def build(unit: Unit, compiler: Compiler, site: Site) -> Path:
    """A verified shared object of this unit, from the cache if it was built before. Raises BuildError."""
    job = _Job(_files(unit, compiler), _stages(unit, compiler), compiler)
    key = key_of(unit.label, _ingredients(job))
    found = site.cache.find(key)
    if found is not None:
        return found
    try:
        return site.cache.publish(key, _compile(job, site))
    except CacheError as problem:
        raise BuildError(str(problem)) from problem


def _texts(folder: Path, pattern: str) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern))}


def _ingredients(job: _Job) -> Iterator[str]:
    """All that decides what comes out. Homes are shared by machines: the kind of machine and of C library count too."""
    yield from (VERSION, os.uname().machine, str(getattr(sys.implementation, "_multiarch", "")))
    compiler = job.compiler
    yield from (compiler.version, compiler.library)
    for command in (command for stage in job.stages for command in stage):
        yield from (str(len(command)), *command)
    for name, text in sorted(job.files.items()):
        yield name
        yield text


def _files(unit: Unit, compiler: Compiler) -> dict[str, str]:
    assert all(FILE_NAME.fullmatch(name) for name in unit.sources), sorted(unit.sources)
    match compiler.kind:
        case Kind.GCC:
            return dict(unit.sources)
        case Kind.TCC:
            empty = {f"libc/{name}": "" for name in LIBC_HEADERS}
            return {**unit.sources, **empty, "libc/libc.h": LIBC.read_text(encoding="utf-8")}
        case _:
            assert_never(compiler.kind)


def _stages(unit: Unit, compiler: Compiler) -> tuple[tuple[tuple[str, ...], ...], ...]:
    sources = sorted(name for name in unit.sources if name.endswith(".c"))
    match compiler.kind:
        case Kind.GCC if len(sources) > 1:
            objects = [f"{source[:-2]}.o" for source in sources]
            one = (*compiler.command, *GCC_COMPILE, *unit.flags, "-c")
            compile_all = tuple((*one, "-o", made, source) for made, source in zip(objects, sources, strict=True))
            return compile_all, ((*compiler.command, *GCC_LINK, "-o", OUTPUT, *objects),)
        case Kind.GCC:
            return (((*compiler.command, *GCC_COMPILE, *GCC_LINK, *unit.flags, "-o", OUTPUT, *sources),),)
        case Kind.TCC:
            library = (compiler.library,) if compiler.library else ()
            return (((*compiler.command, *TCC_FLAGS, *unit.flags, "-o", OUTPUT, *sources, *library),),)
        case _:
            assert_never(compiler.kind)


def _compile(job: _Job, site: Site) -> bytes:
    try:
        with tempfile.TemporaryDirectory(prefix="oomcheck-", ignore_cleanup_errors=True) as made:
            folder = Path(made)
            for name, text in job.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            for stage in job.stages:
                _call(stage, folder, site)
            return _product(folder / OUTPUT)
    except OSError as problem:
        raise BuildError(f"no folder to compile in: {problem.strerror or problem}") from problem


def _call(stage: tuple[tuple[str, ...], ...], folder: Path, site: Site) -> None:
    # Not imported where the cache has it all: starting processes costs milliseconds to import.
    from oomcheck.native.child import run

    environ = {name: value for name, value in site.environ.items() if name not in DROPPED}
    try:
        ended = run(stage, folder, {**environ, "LC_ALL": "C", "TMPDIR": str(folder)}, site.seconds)
    except OSError as problem:
        raise BuildError(f"it cannot be started: {printable(str(problem))}") from problem
    for one in ended:
        if one.status is None:
            raise BuildError(f"it was not done within {site.seconds:g} s")
        if one.status != 0:
            lines = one.output.decode("utf-8", "replace").splitlines()
            said = [line for line in map(printable, lines) if line][:MOST_LINES]
            raise BuildError("\n  ".join([how_it_ended(one.status), *said]))


def _product(path: Path) -> bytes:
    """What the compiler wrote; it may say that all is well and have written nothing."""
    data = path.read_bytes() if path.is_file() else b""
    if not data.startswith(b"\x7fELF"):
        raise BuildError("it ended well but wrote no shared object")
    return data
