"""What became of mutants: survivors by line, all of them on request, counts, JSON that obeys its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from oomcheck.mutation.campaign import Campaign, Judged
from oomcheck.mutation.judge import Equivalent, Fate, Invalid, Killed, Survived, Undecided
from oomcheck.mutation.mutants import Edit, Mutant, Operator
from oomcheck.report.mutation import campaign_exit_code, mutation_json, render_mutation


def judged(line: int, fate: Fate, because: str = "", file: str = "models/lib/exit.oom") -> Judged:
    """A mutant of a line."""
    mutant = Mutant(f"/src/{file}", f"swap `a{line};` and `b;` in f", Operator.SWAP, "f", line, (Edit(0, 1, "x"),))
    return Judged(file, mutant, fate, because)


SURVIVED = judged(12, Survived(("locking", "progress")))
CAMPAIGN = Campaign(
    "specs",
    (
        judged(3, Killed("locking/weak/lockdep", "VIOLATED")),
        SURVIVED,
        judged(20, Survived(("locking",)), "b is a ghost"),
        judged(31, Equivalent()),
        judged(40, Undecided("locking/big/p", "state limit 5000000")),
        judged(7, Invalid("unknown name `c`"), file="models/lib/mm.oom"),
    ),
    (),
    (),
)


def test_text() -> None:
    """Only what somebody has to look at, by file and line."""
    assert render_mutation(CAMPAIGN) == (
        "models/lib/exit.oom\n"
        "    12  SURVIVED: swap `a12;` and `b;` in f\n"
        "        checked in vain: locking, progress\n"
        "    40  UNDECIDED: swap `a40;` and `b;` in f\n"
        "        locking/big/p: state limit 5000000\n"
        "\n"
        "6 mutants: 1 killed, 1 without effect on any checked model, 1 explained in a spec, 1 survived, 1 undecided, "
        "1 no model; exit 1\n"
    )


def test_verbose() -> None:
    """All mutants, with their killers and explanations."""
    lines = render_mutation(CAMPAIGN, verbose=True).splitlines()
    assert lines[1:3] == ["     3  killed: swap `a3;` and `b;` in f", "        locking/weak/lockdep is VIOLATED"]
    assert "        because b is a ghost" in lines
    assert "models/lib/mm.oom" in lines
    assert "     7  invalid: swap `a7;` and `b;` in f" in lines


@pytest.mark.parametrize(
    ("campaign", "code"),
    [
        (CAMPAIGN, 1),
        (replace(CAMPAIGN, judged=tuple(one for one in CAMPAIGN.judged if one != SURVIVED)), 3),
        (replace(CAMPAIGN, judged=CAMPAIGN.judged[2:4]), 0),
        (replace(CAMPAIGN, judged=CAMPAIGN.judged[2:4], complaints=("no such mutant",)), 1),
        (replace(CAMPAIGN, judged=CAMPAIGN.judged[2:4], weak=("s/c/p",)), 1),
        (replace(CAMPAIGN, partial="interrupted"), 130),
    ],
)
def test_exit_codes(campaign: Campaign, code: int) -> None:
    """Survivors and wrong explanations are findings, undecided mutants leave the answer open."""
    assert campaign_exit_code(campaign) == code
    assert render_mutation(campaign).endswith(f"; exit {code}\n")


def test_json() -> None:
    """The JSON obeys the shipped schema and is plain ASCII."""
    schema = json.loads(resources.files("oomcheck.result").joinpath("mutation.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = mutation_json(replace(CAMPAIGN, complaints=("≤",)), "1.0")
    assert text.isascii()
    value = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(value)
    assert [one["fate"] for one in value["mutants"]] == [
        "killed",
        "survived",
        "explained",
        "equivalent",
        "undecided",
        "invalid",
    ]
    assert value["mutants"][0]["killed_by"] == "locking/weak/lockdep"


def test_control_characters() -> None:
    """Whatever a spec says cannot steer a terminal."""
    text = render_mutation(replace(CAMPAIGN, complaints=("\x1b[2J",)), ascii_only=True)
    assert "\x1b" not in text
