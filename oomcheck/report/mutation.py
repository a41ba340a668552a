"""What became of mutants, as text by model line and as JSON (oomcheck/result/mutation.schema.json)."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from typing import Final, assert_never

from oomcheck.mutation.campaign import Campaign, Judged
from oomcheck.mutation.judge import Equivalent, Fate, Invalid, Killed, Survived, Undecided
from oomcheck.report.rows import plural
from oomcheck.report.wording import plain

SCHEMA: Final = "oomcheck.mutation/1"
TITLES: Final = {
    "killed": "killed",
    "equivalent": "without effect on any checked model",
    "explained": "explained in a spec",
    "survived": "survived",
    "undecided": "undecided",
    "invalid": "no model",
}


def campaign_exit_code(campaign: Campaign) -> int:
    """Exit code: 130 if it was stopped, 1 for survivors or explanations that do not fit, 3 if some are undecided."""
    if campaign.partial:
        return 130
    words = {word_of(one) for one in campaign.judged}
    if campaign.complaints or set(campaign.weak) - set(campaign.open) or "survived" in words:
        return 1
    return 3 if campaign.open or "undecided" in words else 0


def word_of(judged: Judged) -> str:
    """One word for what became of a mutant; what a spec explains counts as that only if it did survive."""
    found = _word(judged.fate)
    return "explained" if judged.because and found in ("survived", "undecided") else found


def _word(fate: Fate) -> str:
    match fate:
        case Killed():
            return "killed"
        case Equivalent():
            return "equivalent"
        case Survived():
            return "survived"
        case Undecided():
            return "undecided"
        case Invalid():
            return "invalid"
        case _:
            assert_never(fate)


def render_mutation(campaign: Campaign, verbose: bool = False, ascii_only: bool = False) -> str:
    """Survivors and undecided mutants by file and line, all of them if `verbose`; then the counts."""
    lines: list[str] = []
    shown = [one for one in campaign.judged if verbose or word_of(one) in ("survived", "undecided")]
    for file, group in groupby(shown, key=lambda one: one.file):
        lines += [*([""] if lines else []), file]
        for one in group:
            lines += [f"  {one.mutant.line:>4}  {_told(one)}: {one.mutant.name}", *(f"        {x}" for x in _more(one))]
    lines += [*([""] if lines else []), *(f"not as expected without any mutant: {name}" for name in campaign.weak)]
    lines += [f"complaint: {text}" for text in campaign.complaints]
    if campaign.partial:
        lines.append(f"PARTIAL ({campaign.partial}): these are not all mutants")
    lines.append(_sum(campaign))
    return "".join(plain(line, ascii_only) + "\n" for line in lines)


def _told(one: Judged) -> str:
    return word_of(one).upper() if word_of(one) in ("survived", "undecided") else word_of(one)


def _more(one: Judged) -> list[str]:
    """The rest of what is known about a mutant."""
    told = [f"because {one.because}"] if one.because else []
    match one.fate:
        case Killed(identity=identity, found=found):
            told.append(f"{identity} is {found}")
        case Survived(specs=specs):
            told.append(f"checked in vain: {', '.join(specs)}")
        case Undecided(identity=identity, reason=reason):
            told.append(f"{identity}: {reason}")
        case Invalid(reason=reason):
            told.append(reason)
        case Equivalent():
            pass
        case _:
            assert_never(one.fate)
    return told


def _sum(campaign: Campaign) -> str:
    counts = Counter(map(word_of, campaign.judged))
    parts = [f"{counts[word]} {title}" for word, title in TITLES.items() if counts[word]]
    code = campaign_exit_code(campaign)
    return f"{plural(len(campaign.judged), 'mutant')}: {', '.join(parts) or 'nothing was judged'}; exit {code}"


def mutation_json(campaign: Campaign, tool_version: str) -> str:
    """The JSON text of a campaign, with a final newline; pure ASCII."""
    value = {
        "schema": SCHEMA,
        "tool_version": tool_version,
        "folder": campaign.folder,
        "mutants": [_mutant(one) for one in campaign.judged],
        "weak": list(campaign.weak),
        "complaints": list(campaign.complaints),
        "partial": campaign.partial or None,
        "exit_code": campaign_exit_code(campaign),
    }
    return json.dumps(value, indent=2) + "\n"


def _mutant(one: Judged) -> dict[str, object]:
    killed = one.fate if isinstance(one.fate, Killed) else None
    return {
        "name": one.name,
        "file": one.file,
        "line": one.mutant.line,
        "function": one.mutant.function,
        "operator": one.mutant.operator.value,
        "fate": word_of(one),
        "because": one.because or None,
        "killed_by": None if killed is None else killed.identity,
        "found": None if killed is None else killed.found,
        "details": _more(one),
    }
