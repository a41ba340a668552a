"""Models and specs in, a report of verdicts out: searches each system once for all rows that need it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.evidence import EvidenceError, Subject, build_trace
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import TRUE, and_
from oomcheck.ir.system import CoverPoint, ProcessKind, TransitionSystem
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.lower import show_param
from oomcheck.lang.spec import Spec, check_target, plan, provisional
from oomcheck.lang.tree import ParamDecl, SpecFile
from oomcheck.portfolio import Aside
from oomcheck.proof_rows import Sought, proof_verdict, prove_rows
from oomcheck.proofs import Asked, Established, Reached, Settled
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.prop.temporal import Liveness
from oomcheck.readings import Group, Readings, key_of
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits, Progress, Witness
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import (
    Bounded,
    Covered,
    Report,
    Result,
    Unknown,
    Vacuous,
    Verdict,
    Violated,
    Word,
    invariant_of,
    trace_of,
    word,
)
from oomcheck.rows import ENGINES, Options, Row, rows_of, select
from oomcheck.runs import Finding, about_runs, search_runs
from oomcheck.semantics.search import explore as explore_reference
from oomcheck.smt.targets import Lemma, Method
from oomcheck.vacuity import leaves_behaviour
from oomcheck.verdicts import ASSUME, decide, judge, place_of


@dataclass(frozen=True, slots=True)
class Found:
    """What a search of a group tells about its rows; `findings` are of properties about runs."""

    group: Group
    system: TransitionSystem
    exploration: Exploration
    dead: tuple[CoverPoint, ...]
    behaviour: bool | None  # whether assumptions leave any; None if that is not known
    findings: Mapping[str, Finding]
    proofs: Mapping[str, Settled] = field(default_factory=dict)  # by a proof engine beside the search


def check_files(model: Path, specs: tuple[Path, ...], options: Options) -> Report:
    """Check a model against its specs, or with its sanitizers alone if there are none."""
    if options.engine not in ENGINES:
        raise error("E0504", f"engine `{options.engine}` is not available in this version", None, "use auto")
    files, base, rows = planned(model, specs, options)
    return check_rows(files, base, rows, options)


def check_rows(files: Files, base: Elaborated, rows: list[Row], options: Options) -> Report:
    """Settle rows that were planned before."""
    return _Runner(files, base, rows, options).run(files.path)


def planned(model: Path, specs: tuple[Path, ...], options: Options) -> tuple[Files, Elaborated, list[Row]]:
    """The texts, the model to plan with, and the rows of the report to come."""
    for number, path in enumerate(specs):
        if any(path.resolve() == other.resolve() for other in specs[:number]):
            raise error("E0003", f"the spec `{path}` is given twice")
    files = read_files(model, options.include)
    base, plans = laid_out(files, _read_specs(model, specs), options)
    return files, base, select(list(rows_of(plans, model, options, base)), plans, options)


def laid_out(
    files: Files, specs: Iterable[tuple[str, Path, SpecFile]], options: Options
) -> tuple[Elaborated, list[Spec]]:
    """The model to plan with, and the checks of the specs, each with the name that identities begin with."""
    trees = list(specs)
    base = _elaborate_for(files, [tree for _, _, tree in trees], options)
    return base, [plan(tree, str(path), base, options.params, name, options.quick) for name, path, tree in trees]


def _read_specs(model: Path, specs: tuple[Path, ...]) -> list[tuple[str, Path, SpecFile]]:
    """Each spec with the name that identities begin with: its stem, or its path where two share a stem."""
    found: list[tuple[str, Path, SpecFile]] = []
    seen: set[Path] = set()
    stems = Counter(path.stem for path in specs)
    for path in specs:
        tree, _ = read_spec(path)
        check_target(tree, path, model)
        if path.resolve() in seen:
            raise error("E0003", f"the spec `{path}` is given twice")
        seen.add(path.resolve())
        name = path.stem if stems[path.stem] == 1 else path.with_suffix("").as_posix().lstrip("/")
        found.append((name, path, tree))
    return found


def _elaborate_for(files: Files, trees: list[SpecFile], options: Options) -> Elaborated:
    """The model to plan with; a parameter that only the checks give a value has some value of theirs meanwhile."""
    try:
        return elaborate(files, options.params)
    except OomcheckError as failure:
        given = provisional(files, trees, options.params)
        left = _left_open(files, trees, options) - {binding.name.text for binding in given}
        if not (given or left) or any(d.code != "E0305" for d in failure.diagnostics):
            raise
    base = elaborate(replace(files, bindings=(*files.bindings, *given)), options.params, left)
    names = {binding.name.text for binding in given}
    params = tuple(replace(p, value=None) if p.name in names else p for p in base.model.params)
    return replace(base, model=replace(base.model, params=params))


def _left_open(files: Files, trees: list[SpecFile], options: Options) -> frozenset[str]:
    """Parameters without a value that may do without one, if there is anything to prove."""
    wanted = options.prove or any(check.expect == "proved" for tree in trees for check in tree.checks)
    declared = (item for file in files.files for item in file.items if isinstance(item, ParamDecl))
    bound = {*(binding.name.text for binding in files.bindings), *options.params}
    names = {p.name.text for p in declared if p.default is None and p.low is not None and p.high is None}
    return frozenset(names - bound) if wanted else frozenset()


# ---------------------------------------------------------------- running


class _Runner:
    """Searches each reading of the model once, for all rows that need it."""

    def __init__(self, files: Files, base: Elaborated, rows: list[Row], options: Options) -> None:
        self._files = files
        self._base = base
        self._rows = rows
        self._task = ""  # which rows are being settled, for who watches
        self._options = options if options.progress is None else replace(options, progress=self._watched(options))
        self._results: dict[int, Result] = {}  # by the number of the row
        self._dead: dict[str, bool] = {}  # statements by place, and whether some search never ran them
        self._warnings: dict[str, None] = {}
        self._partial = ""
        self._start = time.perf_counter()
        self._exhaustive = True
        small_first = options.engine == "auto" and not options.ways.demanded
        self._readings = Readings(files, options)
        self._explicit = Explicit(Means(options.ways, small_first, options.environ, options.tell))

    def run(self, model: str) -> Report:
        """The report, rows in the order of the specs."""
        groups = self._readings.groups(self._rows, self._stop_asked)
        interrupted = True
        try:
            for number, group in enumerate(groups, start=1):
                if self._stop_asked():
                    break
                names = dict.fromkeys(self._rows[n].check.name for n in group.rows)
                self._task = f"{number}/{len(groups)} {' '.join(names)}"
                self._search(group)
            interrupted = bool(self._partial)
        except KeyboardInterrupt:  # whoever waits has no more patience; what is settled by now stays so
            if not self._stop_asked():
                raise
        finally:
            self._explicit.close(interrupted)
        ordered = tuple(result for _, result in sorted(self._results.items()))
        asked = {row.prop for row in self._rows}
        searched = any(not group.proof for group in groups)  # then dead code is known as well
        on = tuple(
            s for s in SANITIZERS if s in asked or (s == "unreachable" and searched and s not in self._options.without)
        )
        dead = tuple(place for place, never in self._dead.items() if never) if self._exhaustive else ()
        values, chosen = self._values(groups)
        return Report(model, values, ordered, on, dead, tuple(self._warnings), chosen, self._partial)

    def _watched(self, options: Options) -> Callable[[Progress], None]:
        """Who watches also hears what is being settled."""
        return lambda now: options.progress(replace(now, task=self._task)) if options.progress is not None else None

    def _stop_asked(self) -> bool:
        """Whether the caller wants to stop; then the report is partial."""
        if not self._partial and self._options.should_stop is not None:
            self._partial = self._options.should_stop()
        return bool(self._partial)

    def _values(self, groups: Sequence[Group]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Parameters with values, and those that differ from their declaration: of the one setting, or as given."""
        if len({group.params for group in groups}) == 1:
            system = groups[0].lowered.system
            return system.params, system.chosen
        params = self._base.model.params
        chosen = tuple(p.name for p in params if p.value is not None and p.value != p.default)
        return tuple((p.name, show_param(p)) for p in params), chosen

    # ------------------------------------------------------------ searches

    def _search(self, group: Group) -> None:
        """Settle all rows of a group: those about states by one search, those about runs by another."""
        if group.proof:
            self._prove(group)
            return
        chosen = self._chosen(group)
        states = [prop for prop in chosen.values() if not about_runs(prop)]
        runs = [prop for prop in chosen.values() if about_runs(prop)]
        # Where a formula about runs has no meaning is a question about states.
        partial = [replace(p, kind=Kind.INVARIANT, temporal=None) for p in runs if p.defined != TRUE]
        if states or partial:
            self._settle(self._explore(group, [*states, *partial]), states)
        meaningless = {p.name for p in partial}
        left = [p for p in runs if p.name not in meaningless or not self._violated(group, p)]
        if left and not self._stop_asked():
            self._settle(self._explore_runs(group, left), left)

    def _chosen(self, group: Group) -> dict[str, Property]:
        """The properties of its rows, by name."""
        found = [group.typed[key_of(self._rows[n])] for n in group.rows]
        return {prop.name: prop for prop in found}

    def _violated(self, group: Group, prop: Property) -> bool:
        """Whether a row of this property is violated already."""
        results = [self._results.get(n) for n in group.rows if group.typed[key_of(self._rows[n])].name == prop.name]
        return any(result is not None and word(result.verdict) is Word.VIOLATED for result in results)

    def _limits(self) -> Limits:
        """Limits of the next search; the time is for all of them together."""
        limits = self._options.limits
        if limits.timeout is None:
            return limits
        return replace(limits, timeout=max(limits.timeout - (time.perf_counter() - self._start), 1e-9))

    def _explore(self, group: Group, properties: Sequence[Property]) -> Found:
        system = group.system(about_runs=False)
        search = explore_reference if self._options.engine == "reference" else self._explicit.explore
        asked = [p for p in properties if p.name != "unreachable"]
        options, limits = self._options, self._limits()
        aside = Aside(self._proof_of(group, asked, limits), options.should_stop)
        try:
            everything = [*asked, sanitizer("unreachable")]
            stop = aside.stop if self._helps(properties) else options.should_stop
            found = self._stopped(search(system, everything, limits, stop, options.progress))
            if found.stopped and not self._partial:
                aside.wait()
            proofs = dict(aside.settled)
        finally:
            aside.close()
        dead = tuple(self._dead_code(group, found))
        return Found(group, system, found, dead, self._behaviour(system, found), {}, proofs)

    def _helps(self, properties: Sequence[Property]) -> bool:
        """Whether a proof can spare the rest of a search: not where dead code or another way is asked for.

        Nor where each machine must give the same answer: a slow one is more often at a proof before the search ends.
        """
        options = self._options
        ways = options.ways
        plain = options.engine == "auto" and ways.lossy is None and ways.spill is None and not ways.demanded
        return plain and options.beside and all(prop.name != "unreachable" for prop in properties)

    def _proof_of(self, group: Group, properties: Sequence[Property], limits: Limits) -> Asked:
        """What a proof engine is asked beside a search."""
        system = group.system(about_runs=False)
        lemmas = tuple(Lemma(name, and_(p.defined, p.formula)) for name, p in group.lemmas.items())
        return Asked(system, system, tuple(properties), lemmas, Method.AUTO, limits, self._options.rlimit)

    def _explore_runs(self, group: Group, properties: Sequence[Property]) -> Found:
        system = group.system(about_runs=True)
        self._warn(group, properties)
        options = self._options
        engine = None if options.engine == "reference" else self._explicit
        found = search_runs(system, properties, self._limits(), options.should_stop, options.progress, engine)
        exploration = self._stopped(found.exploration)
        self._exhaustive = self._exhaustive and exploration.exhaustive
        return Found(group, system, exploration, (), self._behaviour(system, exploration), found.findings)

    def _stopped(self, found: Exploration) -> Exploration:
        """Note why a search stopped; the time limit is told as the user gave it."""
        if found.stopped.startswith("time limit"):
            found = replace(found, stopped=f"time limit {self._options.limits.timeout:g} s")
        reason = found.stopped.partition(" (")[0]  # a lossy search tells in brackets what it was worth
        if reason in ("interrupted", "terminated"):
            self._partial = reason
        return found

    def _behaviour(self, system: TransitionSystem, found: Exploration) -> bool | None:
        if ASSUME not in found.halted or found.stopped:
            return True
        return leaves_behaviour(system, should_stop=self._options.should_stop)

    def _warn(self, group: Group, properties: Sequence[Property]) -> None:
        """Without fairness a thread may never run again, which is seldom what is meant."""
        obliged = [p for p in group.lowered.system.processes if p.done != 0 and p.kind is not ProcessKind.ENV]
        if group.mode.timed and all(p.slack is not None for p in obliged):
            return  # urgency makes everybody move
        names = {prop.name for prop in properties if isinstance(prop.temporal, Liveness) and not prop.temporal.fairness}
        for number in group.rows:
            row = self._rows[number]
            if row.named and group.typed[key_of(row)].name in names:
                where = f"check `{row.check.name}`: `{row.prop}`"
                hint = "others may keep a thread from running for ever; `fair weak(all)` rules that out"
                self._warnings[f"{where} assumes no fairness: {hint}"] = None

    def _prove(self, group: Group) -> None:
        """Settle all rows of a group by proof."""
        self._exhaustive = False  # dead code is not known
        asked = Sought(self._files.path, self._rows, self._readings, self._explicit, self._options)
        self._results.update(prove_rows(group, asked, self._limits(), self._wants_stop))

    def _wants_stop(self) -> str:
        """Why the caller wants to stop, "" to go on."""
        return self._partial if self._stop_asked() else ""

    # ------------------------------------------------------------ rows

    def _settle(self, known: Found, properties: Sequence[Property]) -> None:
        names = {prop.name for prop in properties} | set(known.exploration.witnesses)
        for number in known.group.rows:
            row = self._rows[number]
            if known.group.typed[key_of(row)].name not in names:
                continue
            result = self._result(row, known.group.typed[key_of(row)], known)
            unsettled = bool(known.exploration.stopped) and not result.ok
            if row.shown or unsettled or word(result.verdict) is Word.VIOLATED:
                self._results[number] = result

    def _dead_code(self, group: Group, found: Exploration) -> list[CoverPoint]:
        """Statements that this search never ran; remembers those that some search of the command ran."""
        points = []
        all_points = group.lowered.system.points
        for point in sorted(all_points, key=lambda p: (p.span.path, p.span.start) if p.span else ("", 0)):
            if point.span is None or point.by_parameter:
                continue
            dead = point.index not in found.covered
            if dead:
                points.append(point)
            self._dead[place_of(point)] = self._dead.get(place_of(point), True) and dead
        self._exhaustive = self._exhaustive and found.exhaustive
        return points

    def _result(self, row: Row, prop: Property, known: Found) -> Result:
        system, found = known.system, known.exploration
        engine = "reference" if self._options.engine == "reference" else "explicit"
        finding = known.findings.get(prop.name)
        verdict = self._verdict(row, prop, known, finding)
        if invariant_of(verdict) is not None:
            engine = known.proofs[prop.name].method.value
        sources = tuple(point.source for point in known.dead)
        ok, note = judge(row, verdict, sources)
        trace = trace_of(verdict)
        exact = found.exhaustive and not found.halted - {ASSUME}  # else there may be something worse
        return Result(
            row.identity,
            row.prop,
            prop.kind.value,
            verdict,
            ok,
            engine,
            found.exhaustive,
            found.states,
            found.transitions,
            found.depth,
            found.seconds,
            prop.sentence,
            row.check.expect if row.named else "",
            row.check.because if row.named else "",
            note,
            trace.ending.source if trace is not None else "",
            system.params,
            known.group.mode.title,
            finding.value if finding is not None and exact else None,
            finding is not None and finding.unbounded,
            finding.unit if finding is not None else "",
            found.reductions,
            row.check.span,
        )

    def _verdict(self, row: Row, prop: Property, known: Found, finding: Finding | None) -> Verdict:
        found = known.exploration
        settled = decide(prop, found, tuple(map(place_of, known.dead)), known.behaviour)
        proof = known.proofs.get(prop.name)
        if proof is not None:
            settled = self._by_proof(row, prop, known, proof, settled)
            if not isinstance(settled, Unknown):
                return settled
        witness = found.witnesses.get(prop.name) if finding is None else finding.witness
        if witness is None:
            reason = finding.vacuous if finding is not None else ""
            return Vacuous(reason) if reason and word(settled) is Word.HOLDS else settled
        if finding is not None and not finding.violates:
            # The extreme value counts only if nothing was left out.
            if isinstance(settled, Unknown) or word(settled) is not Word.HOLDS or finding.value is None:
                return settled
            return Bounded(finding.value, self._trace(row, prop, known, witness, Word.HOLDS))
        if prop.kind is not Kind.COVER:
            return Violated(self._trace(row, prop, known, witness, Word.VIOLATED))
        if known.behaviour is False:
            return settled
        return Covered(self._trace(row, prop, known, witness, Word.COVERED))

    def _by_proof(self, row: Row, prop: Property, known: Found, proof: Settled, otherwise: Verdict) -> Verdict:
        """What a proof engine found beside the search; EvidenceError if the search shows that it cannot be."""
        found = known.exploration
        witness = found.witnesses.get(prop.name)
        if isinstance(proof.known, Reached) and witness is None:
            if not found.stopped:
                raise EvidenceError(f"{row.identity}: a run was found to a state that no search of all states saw")
            witness = proof.known.witness
        if isinstance(proof.known, Established) and found.halted - {ASSUME}:
            raise EvidenceError(f"{row.identity}: proved, though the search saw behaviour end at a fault")
        if witness is None and not (isinstance(proof.known, Established) and found.stopped):
            return otherwise
        title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
        trace = None if witness is None else self._trace(row, prop, known, witness, title)
        return proof_verdict(prop, proof.known, trace, self._leaves_behaviour(known.system))

    def _leaves_behaviour(self, system: TransitionSystem) -> bool | None:
        """Whether the assumptions leave any behaviour, whatever a search saw of it; None if that is not known."""
        if all(fault.sanitizer != ASSUME for fault in system.faults):
            return True
        return leaves_behaviour(system, should_stop=self._options.should_stop)

    def _trace(self, row: Row, prop: Property, known: Found, witness: Witness, title: Word) -> Trace:
        engine = "reference" if self._options.engine == "reference" else "explicit"
        finding = known.findings.get(prop.name)
        value = finding.value if finding is not None and not finding.violates else None
        mode = known.group.mode
        found = known.exploration
        others = known.group.others(row)
        subject = Subject(
            self._files.path,
            row.identity,
            title.value,
            found.states,
            engine,
            mode,
            value,
            found.shortest,
            others,
            *row.spec_file,
        )
        shown = replace(prop, name=row.prop)
        if about_runs(prop) and not known.findings:  # the formula has no meaning somewhere
            shown = replace(shown, kind=Kind.INVARIANT, temporal=None)
        return build_trace(known.system, shown, witness, subject)
