"""Checks one spec against the model that it names. Runs in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from oomcheck.check import check_rows, laid_out
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.diag.span import Source
from oomcheck.evidence import EvidenceError
from oomcheck.gate.options import GateOptions
from oomcheck.gate.outcome import Outcome, Reads
from oomcheck.gate.suite import SuiteSpec
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.tree import SpecFile
from oomcheck.rows import ENGINES, Options, matching, rows_of, select
from oomcheck.ways import Ways


def outcome_of(spec: SuiteSpec, gate: GateOptions, threads: int, heard: Callable[[str], None]) -> Outcome:
    """What becomes of a spec; `heard` is told the path of its model once that is known."""
    model = ""
    try:
        tree, source = read_spec(spec.path)
        path = _model_of(spec.path, tree)
        model = str(path)
        heard(model)
        return _checked(spec, (tree, source), path, options_of(gate, threads))
    except OomcheckError as failure:
        return Outcome(model, diagnostics=failure.diagnostics)
    except EvidenceError as failure:
        return Outcome(model, failure=f"evidence failed its re-check: {failure}")
    except MemoryError:
        return Outcome(model, failure="out of memory; --max-memory ends a search in time")


def options_of(gate: GateOptions, threads: int) -> Options:
    """The options of one check."""
    if gate.engine not in ENGINES:
        raise error("E0504", f"engine `{gate.engine}` is not available in this version", None, "use auto")
    return Options(
        select=gate.select,
        exclude=gate.exclude,
        limits=gate.limits,
        engine=gate.engine,
        ways=Ways(threads),
        include=gate.include,
        should_stop=gate.should_stop,
        environ=gate.environ,
        tell=gate.tell,
        rlimit=gate.rlimit,
        quick=gate.quick,
        beside=False,
    )


def _model_of(spec: Path, tree: SpecFile) -> Path:
    """The model that a spec is for, by a path without detours where that is the same file."""
    if not tree.model or os.path.isabs(tree.model):
        raise error("E0401", f"`{tree.model}` is no relative path", tree.model_span, "it is relative to the spec")
    written = spec.parent / tree.model
    short = Path(os.path.normpath(written))
    return short if short.resolve() == written.resolve() else written


def _checked(spec: SuiteSpec, read: tuple[SpecFile, Source], model: Path, options: Options) -> Outcome:
    tree, source = read
    files = read_files(model, options.include)
    base, plans = laid_out(files, [(spec.name, spec.path, tree)], options)
    rows = list(rows_of(plans, model, options, base))
    here = replace(options, select=matching(rows, options.select), exclude=matching(rows, options.exclude))
    found = Outcome(
        str(model),
        matched=(*here.select, *here.exclude),
        skipped=plans[0].skipped,
        reads=_reads(source, files, model, options),
    )
    if options.select and not here.select:
        return found
    try:
        chosen = select(rows, plans, here)
    except OomcheckError:  # all were excluded, or a quick run skips them
        return found
    return replace(found, report=check_rows(files, base, chosen, here))


def _reads(spec: Source, files: Files, model: Path, options: Options) -> Reads:
    folders = ((str(path), str(path.resolve())) for path in (Path(spec.path).parent, model.parent, *options.include))
    places = ((str(path), str(path.resolve())) for path in (Path(spec.path), model))
    return Reads((spec, *files.sources), (*places, *files.probes), tuple(folders))
