"""Pairs of models, or of settings of one, differ in their fix and in nothing else.

pairs.toml declares each pair with the kernel functions that the fix is in. Two things are compared with it: what
threads do, as `oomcheck compare --diff` tells it, and which declarations of the models ask for a parameter that chooses
a variant. The second is complete for settings of one model: nothing else can make them differ.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from oomcheck.comparing.sides import read_side
from oomcheck.comparing.steps import step_changes
from oomcheck.comparing.texts import system_of, text_changes
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang import tree as t
from oomcheck.lang.load import read_files

MODELS = Path(__file__).parents[2] / "models"
#: Parameters that choose a variant of the kernel.
CHOOSERS = frozenset({"FIX", "MUTANT", "FREEZER"})
FILES = sorted(path for path in MODELS.rglob("*.oom") if path.relative_to(MODELS).parts[0] != "examples")

Given = tuple[tuple[str, int | str], ...]


def declared() -> dict[str, Any]:
    """The table."""
    with (Path(__file__).parent / "pairs.toml").open("rb") as file:
        return tomllib.load(file)


PAIRS: list[dict[str, Any]] = declared()["pair"]


def given(*tables: dict[str, Any]) -> Given:
    """Values of parameters as the command line takes them."""
    values = {name: value for table in tables for name, value in table.items()}
    return tuple(sorted((name, str(v).lower() if isinstance(v, bool) else v) for name, v in values.items()))


@cache
def system(model: str, values: Given) -> TransitionSystem:
    """A model at a setting."""
    found = system_of(read_side("A", MODELS / f"{model}.oom", dict(values), ()))
    assert found is not None
    return found


def title(pair: dict[str, Any]) -> str:
    """The pair as the name of a test."""
    a, b = ("-".join(side.values()) for side in (pair["a"], pair["b"]))
    return f"{pair['model']}-{a}-{b}"


@pytest.mark.parametrize("pair", PAIRS, ids=title)
def test_a_pair_differs_in_its_fix_alone(pair: dict[str, Any]) -> None:
    """The functions whose statements differ are those that the table declares, and each of these does differ."""
    common = pair.get("with", {})
    a, b = (system(pair["model"], given(common, pair[side])) for side in "ab")
    places: dict[str, list[str]] = {}
    for change in step_changes(a, b):
        places.setdefault(change.source or change.group, []).append(str(change))
    outside = {place: told for place, told in places.items() if place not in pair["places"]}
    assert outside == {}
    assert sorted(places) == pair["places"]
    assert pair["why"]


def test_compare_shows_the_same() -> None:
    """What a user sees with `--diff` is what the table was compared with."""
    pair = next(pair for pair in PAIRS if pair["model"] == "museum/munlock")
    sides = [read_side(side.upper(), MODELS / "museum/munlock.oom", dict(pair[side]), ()) for side in "ab"]
    found = text_changes(sides[0], sides[1])
    both = [system(pair["model"], given(pair[side])) for side in "ab"]
    assert (found.files, found.declarations) == ((), ())
    assert found.statements == tuple(str(change) for change in step_changes(*both))
    assert found.statements == (
        "only in B: exiting: vm_locked [mm/oom_kill.c:__oom_reap_task_mm]",
        "differs: exiting: spin_unlock(pmd_lock) [mm/memory.c:unmap_page_range]",
        "goes on elsewhere: exiting: up_write(mmap_sem) [mm/mmap.c:exit_mmap]",
    )


def test_each_variant_is_in_a_pair() -> None:
    """No value of a parameter that chooses a variant is left out, in the museum, in the lineage, and among mutants."""
    paired: dict[str, set[str]] = {"": set()}
    for pair in PAIRS:
        model = pair["model"].replace("oom_v6_17", "lib/variant")
        for side in "ab":
            for name, value in pair[side].items():
                paired.setdefault(f"{model} {name}", set()).add(value)
    known = {
        f"{path.relative_to(MODELS).with_suffix('').as_posix()} {item.name.text}": {m.text for m in item.members or ()}
        for path in FILES
        for item in texts()[path][0].items
        if isinstance(item, t.ParamDecl) and item.name.text in CHOOSERS
    }
    left = {name: values - paired.get(name, set()) for name, values in known.items()}
    assert {name: values for name, values in left.items() if values} == {"lib/variant MUTANT": {"NO_MUTATION"}}


# ---------------------------------------------------------------- who asks for the variant


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MODELS).as_posix())
def test_the_declarations_that_ask_for_the_variant_are_known(path: Path) -> None:
    """A new `if (FIX == ...)` anywhere is one more line in the table."""
    assert list(reads_of(path)) == declared()["reads"].get(path.relative_to(MODELS).as_posix(), [])


@cache
def texts() -> dict[Path, tuple[t.ModelFile, frozenset[str]]]:
    """Each file with the names that choose a variant in it: parameters, and what is defined by them."""
    found: dict[Path, tuple[t.ModelFile, frozenset[str]]] = {}
    for path in FILES:
        if path.parent.name == "lib":
            continue  # read with the models that import it
        names = set(CHOOSERS)
        for file in read_files(path).files:  # imported ones first
            for item in file.items:
                if isinstance(item, t.DefineDecl | t.ConstDecl) and names & set(named(item)):
                    names.add(item.name.text)
            found[Path(file.span.source.path).resolve()] = file, frozenset(names)
    return found


def reads_of(path: Path) -> Iterator[str]:
    """The declarations of a file that read a name that chooses a variant, and which; in their order."""
    file, names = texts()[path]
    for item in file.items:
        found = sorted(names & set(named(item)))
        if found:
            yield f"{called(item)}: {', '.join(found)}"


def called(item: t.Item) -> str:
    """A declaration in words."""
    kind = type(item).__name__.removesuffix("Decl").lower()
    match item:
        case t.VarDecl(declarators=declarators) | t.ObjectDecl(declarators=declarators):
            return f"{kind} {declarators[0].name.text}"
        case t.Import(path=path):
            return f"import {path}"
        case _:
            return f"{kind} {item.name.text}"


def named(node: object) -> Iterator[str]:
    """Every name that is read in a tree; a parameter that an import gives a value is none."""
    match node:
        case t.Ident(name=name) | t.Call(function=t.Name(text=name)):
            yield name
    if isinstance(node, tuple):
        for part in node:
            yield from named(part)
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from named(getattr(node, field.name))
