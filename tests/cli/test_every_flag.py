"""Every command and every flag, against a violated, a vacuous, an unknown and a broken model: the table of exit codes.

Commands and flags are taken from the parser, so that none can be forgotten: a flag without a sample value fails here.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from oomcheck.cli.main import COMMANDS, build_parser, main
from tests.cli.samples import MISUSE, STEPS, put

SPECS: Final = {
    "good": ("steps.oom", "invariant p : x <= 3;"),
    "violated": ("steps.oom", "invariant p : x < 2;"),
    "vacuous": ("steps.oom", "invariant p : x == 7 -> x == 8;"),
    "unknown": ("misuse.oom", "invariant p : x < 3;\ncheck c : p without lockdep;"),
    "broken": ("broken.oom", "invariant p : x < 3;"),
}
MODELS: Final = {"steps.oom": STEPS, "misuse.oom": MISUSE, "broken.oom": "model broken;\nthread t { x = ; }\n"}

#: What a command is given, and its exit code by the class of the model.
TABLE: Final[dict[str, tuple[list[str], dict[str, int]]]] = {
    "check": (["{model}", "{spec}"], {"good": 0, "violated": 1, "vacuous": 1, "unknown": 3, "broken": 2}),
    "gate": (["{spec}"], {"good": 0, "violated": 1, "vacuous": 1, "unknown": 3, "broken": 2}),
    "mutate": (["{spec}"], {"good": 1, "violated": 1, "vacuous": 1, "unknown": 1, "broken": 2}),  # a mutant survives
    "prove": (
        ["{model}", "{spec}", "-p", "p"],
        {"good": 0, "violated": 1, "vacuous": 1, "unknown": 3, "broken": 2},
    ),
    "certify": (["{certificate}"], {"good": 0, "broken": 2}),
    "sim": (["{model}", "{spec}", "--runs", "9"], {"good": 0, "violated": 1, "vacuous": 0, "unknown": 1, "broken": 2}),
    "replay": (["{trace}"], {"violated": 0, "broken": 2}),
    "render": (["{trace}"], {"violated": 0, "broken": 2}),
    "compare": (
        ["{model}", "{model}", "{spec}"],
        {"good": 0, "violated": 0, "vacuous": 0, "unknown": 3, "broken": 2},
    ),
    "graph": (["{model}"], {"good": 0, "violated": 0, "vacuous": 0, "unknown": 0, "broken": 2}),
    "info": (["{model}"], {"good": 0, "violated": 0, "vacuous": 0, "unknown": 0, "broken": 2}),
    "lint": (["{model}", "{spec}"], {"good": 0, "violated": 0, "vacuous": 0, "unknown": 0, "broken": 2}),
    "fmt": (["{model}"], {"good": 0, "violated": 0, "vacuous": 0, "unknown": 0, "broken": 2}),
    "explain": (["{trace}"], {"violated": 0, "broken": 2}),
}

#: Values of flags that take one; all of them leave the answer as it is, but for those in EXCEPTIONS.
VALUES: Final[dict[str, tuple[str, ...]]] = {
    "-c": ("LAST=3",),
    "-a": ("LAST=3",),
    "-b": ("LAST=3",),
    "--include": (".",),
    "-p": ("*",),
    "--exclude": ("unreachable", "p"),
    "--max-states": ("100k", "1"),
    "--timeout": ("60s",),
    "--max-memory": ("4G",),
    "--depth": ("90", "0"),
    "--rlimit": ("20M",),
    "--engine": ("auto", "explicit", "reference", "bmc", "kind", "pdr"),
    "--format": ("text", "json", "junit", "ktap", "sarif", "github"),
    "--color": ("never", "always"),
    "--width": ("60", "1"),
    "--states": ("diff", "full"),
    "--lanes": ("auto", "all"),
    "-j": ("1", "0"),
    "--reduce": ("slice",),
    "--bitstate": ("1M",),
    "--hash-compact": ("1M",),
    "--swarm": ("2",),
    "--seed": ("3",),
    "--spill": ("spilled",),
    "--resume": ("never_spilled",),
    "-o": ("out",),
    "--baseline": ("baseline.json",),
    "--table": ("page.md",),
    "--solver": ("z3",),
    "--slack": ("1",),
    "--measure": ("sup time(x == 1 ~> x == 0)",),
    "--runs": ("5",),
    "--run": ("2",),
    "--steps": ("50",),
    "--model": ("steps.oom",),
    "--spec": ("violated.oomspec",),
    "--step": ("1", "99"),
    "--to": ("text", "json", "html", "perfetto", "itf", "dot", "mermaid", "sarif", "graphml"),
    "--trace": ("trace.json",),
    "--what": ("states", "locks", "cfg"),
    "--by": ("pcs",),
    "--thread": ("*",),
    "--kernel-tree": ("tree",),
    "--fingerprints": ("fingerprints.json",),
}


#: Flags that make the answer another one, and why: exit codes by the class of the model, "" for all of them.
EXCEPTIONS: Final[dict[str, dict[str, int]]] = {
    # too small to be meant, or for something that is not there
    "--width 1": {"": 2},
    "-j 0": {"": 2},
    "--exclude unreachable": {"": 2},  # no check has it by default
    "--baseline baseline.json": {"": 2},
    "--write-baseline": {"": 2},  # records a folder, or needs a file
    "--table page.md": {"": 2},  # of a folder
    "--write-table": {"": 2},  # into which page?
    "--fingerprints fingerprints.json": {"": 2},  # without a kernel tree
    "--record": {"": 2},
    "--seed 3": {"": 2},  # without a lossy search
    "replay --step 99": {"": 2},
    "graph --max-states 1": {"": 2},
    "graph --reachable": {"": 2},  # of control flow
    "graph --thread *": {"": 2},
    "sim --measure sup time(x == 1 ~> x == 0)": {"": 2},  # without time
    "sim --slack 1": {"": 2},
    "sim --seed 3": {},
    "prove --engine explicit": {"": 2},  # no proof
    "prove --engine reference": {"": 2},
    "prove --exclude p": {"": 2},  # then nothing is left
    "prove --max-states 1": {},  # not of searches
    "prove --depth 0": {},
    "compare --spill spilled": {"": 2},  # several searches
    "compare --resume never_spilled": {"": 2},
    "fmt --check": {"violated": 1, "vacuous": 1},  # that model is not in canonical layout
    "compare --trace trace.json": {"unknown": 2},  # of another model
    "-c LAST=3": {"unknown": 2},  # that model has no parameter
    "-a LAST=3": {"unknown": 2},
    "-b LAST=3": {"unknown": 2},
    # a bound or a lossy table ends in UNKNOWN
    "--max-states 1": {"good": 3, "violated": 3, "vacuous": 3},
    "--depth 0": {"good": 3, "violated": 3, "vacuous": 3},
    "check --engine bmc": {"good": 3, "vacuous": 3},
    "gate --engine bmc": {"good": 3, "vacuous": 3},
    "prove --engine bmc": {"good": 3, "vacuous": 3},
    "--bitstate 1M": {"good": 3, "vacuous": 3},
    "--hash-compact 1M": {"good": 3, "vacuous": 3},
    "--swarm 2": {"good": 3, "vacuous": 3},
    "compare --engine bmc": {"good": 3, "violated": 3, "vacuous": 3},
    "compare --bitstate 1M": {"good": 3, "violated": 3, "vacuous": 3},
    "compare --hash-compact 1M": {"good": 3, "violated": 3, "vacuous": 3},
    "compare --swarm 2": {"good": 3, "violated": 3, "vacuous": 3},
    "compare --max-states 1": {"good": 3, "violated": 3, "vacuous": 3},
    "mutate --max-states 1": {},
    "explain --max-states 1": {},  # what is not decided is said
    # the property is left out
    "--exclude p": {"violated": 0, "vacuous": 0, "unknown": 2},
    "sim --no-lockdep": {"unknown": 0},  # a random run says nothing good
    "mutate --list": {"violated": 0, "vacuous": 0, "unknown": 0},  # nothing is checked
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, a spec of each class, a trace and a certificate."""
    made = tmp_path_factory.mktemp("flags")
    for name, text in MODELS.items():
        put(made, name, text)
    for name, (model, text) in SPECS.items():
        put(made, f"{name}.oomspec", f'spec for "{model}";\n{text}\n')
    here = Path.cwd()
    os.chdir(made)
    try:
        main(["check", "steps.oom", "violated.oomspec", "-p", "p", "-o", "traces"])
        main(["prove", "steps.oom", "good.oomspec", "-p", "p", "-o", "proofs"])
    finally:
        os.chdir(here)
    shutil.copy(made / "traces/violated/default/p.json", made / "trace.json")
    shutil.copytree(made / "proofs/good/default/p", made / "certificate")
    put(made, "broken.json", "{}")
    (made / "no_certificate").mkdir()
    put(made, "tree/Makefile", "VERSION = 6\nPATCHLEVEL = 17\nSUBLEVEL = 0\n")
    return made


def arguments(command: str, kind: str) -> list[str]:
    """The command with what it is about."""
    words, model = TABLE[command][0], SPECS[kind][0]
    trace = "trace.json" if kind == "violated" else "broken.json"
    words = TABLE[command][0]
    certificate = "certificate" if kind == "good" else "no_certificate"
    spec = f"{kind}.oomspec"
    return [command, *(w.format(model=model, spec=spec, trace=trace, certificate=certificate) for w in words)]


def code_of(words: list[str]) -> int:
    """The exit code of a command line; that of argparse where it leaves by itself."""
    try:
        return main(words)
    except SystemExit as left:
        return int(left.code or 0)


def flags(command: str) -> Iterator[argparse.Action]:
    """The optional arguments of a command."""
    parser = build_parser([command])
    (subs,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    yield from (action for action in subs.choices[command]._actions if action.option_strings)


def test_all_commands() -> None:
    """No command is left out."""
    assert set(TABLE) == set(COMMANDS)


@pytest.mark.parametrize(("command", "kind"), [(c, kind) for c, (_, codes) in TABLE.items() for kind in codes])
def test_every_command(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, kind: str) -> None:
    """What a command says of each class of models."""
    shutil.copytree(folder, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    assert code_of(arguments(command, kind)) == TABLE[command][1][kind]


def used(command: str) -> list[tuple[str, ...]]:
    """Each flag of a command, with each of its values."""
    found: list[tuple[str, ...]] = []
    for action in flags(command):
        name = action.option_strings[0]
        if name == "-h":
            continue
        if action.nargs == 0:
            found.append((name,))
        else:
            values = [value for value in VALUES[name] if action.choices is None or value in action.choices]
            assert values, f"{command} {name} has no sample value"
            found += [(name, value) for value in values]
    return found


#: Each of these runs several searches or proofs; flags are tried on fewer classes of models there.
SLOW: Final = ("prove", "mutate", "gate", "compare")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """No flag hides a failure: the exit code is that of the table, but for the exceptions that are listed."""
    wrong = []
    kinds = [kind for kind in TABLE[command][1] if kind != "good" and (kind != "vacuous" or command not in SLOW)]
    for number, flag in enumerate(used(command)):
        work = tmp_path / str(number)
        shutil.copytree(folder, work)
        monkeypatch.chdir(work)
        for kind in kinds:
            code = TABLE[command][1][kind]
            found = code_of([*arguments(command, kind), *flag])
            words = " ".join(flag)
            listed = EXCEPTIONS.get(f"{command} {words}", EXCEPTIONS.get(words, {}))
            wanted = code if kind == "broken" else listed.get(kind, listed.get("", code))
            if found != wanted:
                wrong.append(f"{command} {kind} {words}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)
