"""What to check: the rows of the report to come, chosen from the checks of the specs."""

from __future__ import annotations

import fnmatch
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.lang.elaborate import Elaborated
from oomcheck.lang.lower import show_param
from oomcheck.lang.params import open_parameters
from oomcheck.lang.spec import Check, Spec, mode_of
from oomcheck.lang.tree import MaxCost
from oomcheck.prop.property import SANITIZERS
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits, Progress
from oomcheck.ways import Ways

_log = logging.getLogger(__name__)

PROVERS = ("bmc", "kind", "pdr")
ENGINES = ("auto", "explicit", "reference", *PROVERS)


@dataclass(frozen=True, slots=True)
class Options:
    """What to check and how. `select` and `exclude` are globs over property names and identities."""

    params: Mapping[str, int | str] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()  # sanitizers turned off
    limits: Limits = field(default_factory=Limits)
    engine: str = "auto"
    ways: Ways = Ways()
    include: tuple[Path, ...] = ()
    should_stop: Callable[[], str] | None = None
    progress: Callable[[Progress], None] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)  # of compilers, and where the cache is
    tell: Callable[[str], None] = _log.warning  # hears of what makes searches slower
    prove: bool = False  # parameters that may stay without a value do, unless they are given one
    rlimit: int | None = None  # Z3's own steps for one question
    certificates: Path | None = None  # folder for those of proofs
    quick: bool = False  # at the parameters that checks name for a quick run
    beside: bool = True  # a proof beside a long search; which of them answers depends on the machine


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report to come.

    `named` rows are those of a check's own list, which its expectation is about; `shown` ones were asked for,
    the others appear only if they fail. `open` are the parameters that have no value in it: it is about all of them.
    """

    identity: str
    check: Check
    spec: Spec | None
    prop: str
    params: tuple[tuple[str, int], ...]
    named: bool
    shown: bool
    open: frozenset[str] = frozenset()

    @property
    def spec_file(self) -> tuple[str, str]:
        """Path and digest of its spec, empty if it has none."""
        return ("", "") if self.spec is None else (self.spec.path, self.spec.digest)

    @property
    def costs(self) -> frozenset[str]:
        """The cost counters that its property reads."""
        found = () if self.spec is None else self.spec.tree.properties
        asked = [decl.asked for decl in found if decl.name.text == self.prop]
        return frozenset(a.cost.text for a in asked if isinstance(a, MaxCost))


def rows_of(plans: list[Spec], model: Path, options: Options, base: Elaborated) -> Iterator[Row]:
    """All rows that the checks of the specs make, or the implicit check if there are no specs."""
    params = {param.name: param for param in base.model.params}

    def shown(name: str, value: int) -> str:
        return show_param(replace(params[name], value=value))

    if not plans:
        names = tuple(name for name in SANITIZERS if _by_default(name, options) and name not in options.without)
        check = Check("default", names, ({},), (), frozenset(), "", "", "", None)
        yield from _check_rows(check, None, model.stem, options, shown, base)
    for spec in plans:
        for check in spec.checks:
            yield from _check_rows(check, spec, spec.name, options, shown, base)


def _check_rows(
    check: Check,
    spec: Spec | None,
    name: str,
    options: Options,
    shown: Callable[[str, int], str],
    base: Elaborated,
) -> Iterator[Row]:
    timed = mode_of(check, base).timed
    proof = wants_proof(check, options)
    implicit = [
        s
        for s in SANITIZERS
        if s not in check.properties and s not in check.without and s not in options.without and _by_default(s, options)
        if s != "zeno" or timed
        if not proof  # each would be a proof of its own; that nothing ends the behaviour is part of every proof
    ]
    for_all = proof and (options.prove or check.expect == "proved")
    openable = frozenset(open_parameters(base.model)) if for_all else frozenset[str]()
    for instance in check.instances:
        params = tuple(sorted({**instance, **_numbers(options.params)}.items()))
        left_open = openable - {*instance, *options.params}
        ranged = [f"{p}={shown(p, instance[p])}" for p in check.ranged]
        suffix = f"[{','.join(ranged)}]" if ranged else ""
        for prop in (*check.properties, *implicit):
            if check.name == "default" and (prop in options.without or (prop == "zeno" and not timed)):
                continue
            named = prop in check.properties
            identity = f"{name}/{check.name}/{prop}{suffix}"
            yield Row(identity, check, spec, prop, params, named, named, left_open)


def wants_proof(check: Check, options: Options) -> bool:
    """Whether a check is for proof engines alone."""
    return options.engine in PROVERS or options.prove or (check.expect == "proved" and options.engine == "auto")


def _numbers(params: Mapping[str, int | str]) -> dict[str, int]:
    return {name: value for name, value in params.items() if isinstance(value, int)}


def _by_default(name: str, options: Options) -> bool:
    """Dead code is always listed, but fails only where it is asked for."""
    return name != "unreachable" or name in options.select


def select(rows: list[Row], plans: list[Spec], options: Options) -> list[Row]:
    """The rows that the globs choose; each glob must choose something, or E0006."""
    chosen = [row for row in rows if not options.select or any(_matches(row, glob) for glob in options.select)]
    left = [row for row in chosen if not any(_matches(row, glob) for glob in options.exclude)]
    if options.select and not any(row.named for row in left):
        left = [replace(row, shown=True) for row in left]  # sanitizers were asked for by name
    if not any(row.shown for row in left):
        raise error("E0006", "no property is selected", None, _selection_hint(plans, options))
    for flag, globs in (("-p", options.select), ("--exclude", options.exclude)):
        for glob in globs:
            if not any(_matches(row, glob) for row in rows):
                raise error("E0006", f"`{flag} {glob}` matches nothing", None, _selection_hint(plans, options))
    return left


def matching(rows: Iterable[Row], globs: Iterable[str]) -> tuple[str, ...]:
    """The globs that choose any of the rows, in their order."""
    known = list(rows)
    return tuple(glob for glob in globs if any(_matches(row, glob) for row in known))


def _matches(row: Row, glob: str) -> bool:
    names = (row.prop, row.identity, row.identity.partition("[")[0], f"{row.check.name}/{row.prop}")
    return any(name == glob or fnmatch.fnmatchcase(name, glob) for name in names)


def _selection_hint(plans: list[Spec], options: Options) -> str:
    names = sorted({name for p in plans for check in p.checks for name in check.properties} | set(SANITIZERS))
    wanted = ", ".join(options.select) or "everything"
    return f"-p {wanted}; the properties: {', '.join(names)}"
