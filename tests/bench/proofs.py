"""Proofs beside searches: what is proved for every number of VMAs, and what a search takes at small numbers.

    python -m tests.bench prove [--claims REGEX] [--limit SECONDS] [--write]

Each claim is run once as `oomcheck prove`, then as `oomcheck check --engine explicit --no-reduction` at each size of
`SIZES`. Times are those of the processor, of the tool and all its children: what else the machine does hardly changes
them. That of a search is mostly the start of the tool.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench import machine, ours
from tests.bench.measure import BenchError, Finished, run
from tests.bench.points import HERE, ROOT

SIZES: Final = (1, 2, 4, 8)
GRACE: Final = 60  # seconds after the tool's own limit
PAGE: Final = ROOT / "docs" / "proofs.md"
BEGIN, END = "<!-- begin: python -m tests.bench prove -->\n", "<!-- end -->\n"

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A property of a model at parameters; `sized` if NVMA is left open, else all parameters have values.

    `spec` states it, a path from the root of the repository; a sanitizer needs none. A `check` of it sets the
    parameters itself, and is proved, not searched.
    """

    model: str
    prop: str
    params: Params = ()
    spec: str = ""
    sized: bool = True
    check: str = ""

    @property
    def title(self) -> str:
        """The claim in one line."""
        return " ".join((self.model, self.prop, *(f"{name}={value}" for name, value in self.params)))


@dataclass(frozen=True, slots=True)
class Found:
    """What a run says of a claim, and its seconds of processor time; `how` is the method and who confirmed it."""

    verdict: str
    seconds: float
    states: int = 0
    how: str = ""
    conjuncts: int = 0
    atoms: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table; no searches if parameters have values, but one."""

    claim: Claim
    proof: Found
    searches: tuple[Found, ...]


def _bench(name: str) -> str:
    return str((HERE / "specs" / f"{name}.oomspec").relative_to(ROOT))


def _fixes(model: str, prop: str, fixes: Sequence[str], more: Params = (), spec: str = "") -> list[Claim]:
    return [Claim(model, prop, (("FIX", fix), *more), spec) for fix in fixes]


ALONE: Final = (("EXITS", "0"), ("VMA_AT_TOP", "true"))
CLAIMS: Final = (
    *_fixes("traversal", "lifetime", ("V6_17", "V5", "V6_18", "EARLY_SKIP", "EXIT_FLAG", "UNDER_LOCK")),
    Claim("traversal", "lifetime", (("FIX", "V6_18"),), "specs/proofs/lifetime.oomspec", check="merged"),
    *_fixes("traversal", "skipped_vma", ("V6_17", "V5", "V6_18"), ALONE, _bench("traversal")),
    *_fixes("traversal", "meetings", ("V5", "V6_18", "V6_17"), (), _bench("traversal")),
    *_fixes("traversal", "meetings_2", ("V6_17",), (), _bench("traversal")),
    *_fixes("handshake", "premature_skip", ("V6_18", "V6_17"), (), _bench("handshake")),
    *_fixes("handshake", "premature_kill", ("V6_18", "V6_17", "EARLY_SKIP"), (), _bench("handshake")),
    Claim("traversal", "lifetime", (("FIX", "V6_18"), ("NLMKD", "1"))),
    Claim("examples/peterson", "exclusion", (("N", "2"),), _bench("exclusion"), sized=False),
    Claim("examples/peterson", "exclusion", (("N", "3"),), _bench("exclusion"), sized=False),
    Claim("oom_v6_17", "not_negative", (("NREAPER", "0"),), _bench("oom_v6_17"), sized=False),
    Claim("oom_v6_18", "premature_kill", (("NVMA", "1"),), _bench("oom_v6_18"), sized=False),
)


# ---------------------------------------------------------------- running


def measure(tool: ours.Tool, claims: Sequence[Claim], limit: float, cache: Path) -> list[Line]:
    """All claims; what is found is told at once."""
    lines = []
    for claim in claims:
        proof = once(tool, claim, "prove", ("--timeout", f"{limit:g}s"), limit, cache)
        sizes = [(("NVMA", str(size)),) for size in SIZES] if claim.sized else [()]
        searching = ("--engine", "explicit", "-j", "1", "--no-reduction")
        searches = [once(tool, claim, "check", searching, limit, cache, size) for size in sizes if not claim.check]
        lines.append(Line(claim, proof, tuple(searches)))
        print(row(lines[-1]), file=sys.stderr, flush=True)
    return lines


def once(
    tool: ours.Tool, claim: Claim, command: str, given: tuple[str, ...], limit: float, cache: Path, size: Params = ()
) -> Found:
    """One run of the tool on a claim."""
    params = () if claim.check else (*claim.params, *size)
    values = [part for name, value in params for part in ("-c", f"{name}={value}")]
    files = [f"models/{claim.model}.oom", *([claim.spec] if claim.spec else [])]
    chosen = f"{claim.check}/{claim.prop}" if claim.check else claim.prop
    asked = [tool.program, command, *files, *values, "-p", chosen, *given, "--format", "json"]
    done = run(asked, ROOT, limit + GRACE, {ours.CACHE: str(cache)})
    return Found("unknown", done.cpu) if done.killed else read(done)


def read(done: Finished) -> Found:
    """What a report says; all its rows must agree."""
    try:
        rows = ours.rows(done.out)
        first = rows[0]
        verdicts = {row["verdict"] for row in rows}
    except (ValueError, KeyError, IndexError) as problem:
        raise BenchError(f"oomcheck ended with {done.status} and no report:\n{done.out[-2000:]}") from problem
    if len(verdicts) != 1:
        raise BenchError(f"verdicts differ: {', '.join(sorted(verdicts))}")
    proof: dict[str, Any] = first.get("proof") or {}
    if not proof:
        return Found(first["verdict"], done.cpu, first["states"], first["engine"])
    how = f"{proof['method']}; {', '.join(proof['confirmed_by'])}"
    return Found(first["verdict"], done.cpu, first["states"], how, len(proof["conjuncts"]), proof["size"])


# ---------------------------------------------------------------- the table

_SIZED: Final = f", NVMA = {', '.join(map(str, SIZES))}"
HEAD: Final = (
    f"| what | by proof, any NVMA | s | how; confirmed by | conjuncts | atoms | by search{_SIZED}"
    " | states | s |\n| --- | --- | --: | --- | --: | --: | --- | --: | --: |"
)
FIXED: Final = HEAD.replace(", any NVMA", "").replace(_SIZED, "")


def row(line: Line) -> str:
    """A line of the table in Markdown; searches at several sizes are told together."""
    proof = line.proof
    by_lemmas = ", with lemmas" if line.claim.check else ""
    verdicts = list(dict.fromkeys(_word(found.verdict) for found in line.searches))
    told = verdicts if len(verdicts) == 1 else [_word(found.verdict) for found in line.searches]
    cells = (
        line.claim.title.replace("_", r"\_") + by_lemmas,
        _word(proof.verdict),
        f"{proof.seconds:.1f}",
        proof.how or "-",
        str(proof.conjuncts or "-"),
        str(proof.atoms or "-"),
        ", ".join(told) or "-",
        " / ".join(f"{found.states:,}" for found in line.searches) or "-",
        f"{max(found.seconds for found in line.searches):.1f}" if line.searches else "-",
    )
    return f"| {' | '.join(cells)} |"


def _word(verdict: str) -> str:
    return verdict.replace("_", " ").upper()


def page(lines: Sequence[Line], facts: Sequence[tuple[str, str]], limit: float) -> str:
    """Both tables with what they belong to."""
    sized = [row(line) for line in lines if line.claim.sized]
    fixed = [row(line) for line in lines if not line.claim.sized]
    told = "; ".join(f"{name}: {value}" for name, value in facts)
    parts = [f"Limit {limit:g} s for each; {told}."]
    parts += ["\n".join((HEAD, *sized))] if sized else []
    parts += ["\n".join((FIXED, *fixed))] if fixed else []
    return "\n\n".join(parts) + "\n"


def written(text: str, new: str) -> str:
    """A page with what stands between the marks replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError("the page has no marks for the table")
    return f"{before}{begin}\n{new}\n{end}{after}"


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and with --write put the tables into the page."""
    made = argparse.ArgumentParser(prog="python -m tests.bench prove", description="Proofs beside searches.")
    made.add_argument("--claims", default="", metavar="REGEX", help="only claims whose title matches")
    made.add_argument("--limit", type=float, default=600, metavar="SECONDS", help="of one run (default 600)")
    made.add_argument("--write", action="store_true", help="write the tables into docs/proofs.md")
    args = made.parse_args(arguments)
    try:
        tool = ours.find_tool()
        chosen = [claim for claim in CLAIMS if re.search(args.claims, claim.title)]
        facts = [fact for fact in machine.describe(tool) if fact[0] in ("processor", "load when it began", "oomcheck")]
        with tempfile.TemporaryDirectory(prefix="bench") as cache:
            text = page(measure(tool, chosen, args.limit, Path(cache)), facts, args.limit)
        print(text)
        if args.write:
            PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    except BenchError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0
