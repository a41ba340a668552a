"""Readings of a model: at which parameters, with which time and costs; rows that share one are settled together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.families import Family, Size, refusal_of, sizes_to_read
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.families import ThreadNumber, mentioned_in, thread_parameters
from oomcheck.lang.load import Files
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import Spec, mode_of, typed_properties
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.records import dataclass
from oomcheck.rows import Options, Row, wants_proof
from oomcheck.transform.clock import clocked

Params = tuple[tuple[str, int], ...]
Key = tuple[str, str]  # (path of the spec, name); sanitizers have no spec


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share one reading of the model: parameters, time, costs; all of them for search, or all for proof.

    `open` parameters have no value. If one of them is the number of the threads of a family, there is one property, and
    what was lowered has some of these threads, to tell of them.
    """

    params: Params
    mode: Mode
    lowered: Lowered
    typed: Mapping[Key, Property]
    rows: tuple[int, ...]
    open: frozenset[str] = frozenset()
    proof: bool = False
    family: Family | None = None

    def system(self, about_runs: bool) -> TransitionSystem:
        """The system to search; for properties about runs time may also pass without any change."""
        return clocked(self.lowered.system, idle=about_runs) if self.mode.timed else self.lowered.system

    def others(self, row: Row) -> tuple[Property, ...]:
        """The other properties that the check of a row names."""
        path = "" if row.spec is None else row.spec.path
        keys = [(path, name) for name in row.check.properties if name != row.prop]
        return tuple(self.typed[key] for key in keys if key in self.typed)

    @property
    def lemmas(self) -> dict[str, Property]:
        """The lemmas of its specs, by the names they have there."""
        return {name: prop for (_, name), prop in self.typed.items() if prop.kind is Kind.LEMMA}


def key_of(row: Row) -> Key:
    """Where the property of a row is found."""
    return ("", row.prop) if row.prop in SANITIZERS or row.spec is None else (row.spec.path, row.prop)


class Readings:
    """Makes groups of rows, in the order of the rows."""

    def __init__(self, files: Files, options: Options) -> None:
        self._files = files
        self._options = options
        self._threads = thread_parameters(files)

    def groups(self, rows: Sequence[Row], stop: Callable[[], bool]) -> list[Group]:
        """Everything lowered and typed before the first search, so that no mistake of the user comes late."""
        settings: dict[tuple[Params, frozenset[str], bool], list[int]] = {}
        for number, row in enumerate(rows):
            proof = wants_proof(row.check, self._options)
            opened = row.open if proof else row.open.difference(self._threads)
            settings.setdefault((row.params, opened, proof), []).append(number)
        groups: list[Group] = []
        for (params, opened, proof), numbers in settings.items():
            if stop():
                break
            if opened & self._threads.keys():
                groups += self._families(params, opened, rows, numbers)
                continue
            elaborated = elaborate(self._files, {**self._options.params, **dict(params)}, opened)
            modes: dict[Mode, list[int]] = {}
            for number in numbers:
                modes.setdefault(_mode(rows[number], elaborated), []).append(number)
            for mode, members in modes.items():
                lowered = lower(elaborated, mode)
                typed = _typed(lowered, [rows[n] for n in members])
                groups.append(Group(params, mode, lowered, typed, tuple(members), opened, proof))
        return groups

    def _families(
        self, params: Params, opened: frozenset[str], rows: Sequence[Row], numbers: Sequence[int]
    ) -> Iterator[Group]:
        """A group for each property of rows that leave a number of threads open."""
        parameter = min(opened & self._threads.keys())
        threads = self._threads[parameter]
        low = next(
            p.low for p in self._elaborated(params, {}, opened - {parameter}).model.params if p.name == parameter
        )
        assert low is not None
        readings = [self._elaborated(params, {parameter: n}, opened - {parameter}) for n in sizes_to_read(low)]
        together: dict[tuple[Key, Mode], list[int]] = {}
        for number in numbers:
            together.setdefault((key_of(rows[number]), _mode(rows[number], readings[-1])), []).append(number)
        for (key, mode), members in together.items():
            lowered = [lower(reading, mode) for reading in readings]
            family, typed = _family(parameter, threads, low, opened, lowered, [rows[n] for n in members], key)
            system = _without_number(lowered[-1].system, parameter)
            yield Group(params, mode, replace(lowered[-1], system=system), typed, tuple(members), opened, True, family)

    def _elaborated(self, params: Params, values: Mapping[str, int], opened: frozenset[str]) -> Elaborated:
        return elaborate(self._files, {**self._options.params, **dict(params), **values}, opened)

    def at(self, group: Group, rows: Sequence[Row], values: Mapping[str, int]) -> Group:
        """The same reading with values for its open parameters."""
        params = tuple(sorted({**dict(group.params), **values}.items()))
        lowered = lower(elaborate(self._files, {**self._options.params, **dict(params)}), group.mode)
        typed = _typed(lowered, [rows[n] for n in group.rows])
        return replace(group, params=params, lowered=lowered, typed=typed, open=frozenset(), family=None)


def _family(
    parameter: str,
    threads: ThreadNumber,
    low: int,
    opened: frozenset[str],
    readings: Sequence[Lowered],
    rows: list[Row],
    key: Key,
) -> tuple[Family, dict[Key, Property]]:
    """The readings of one property, and all properties at the last size."""
    found = [_typed(lowered, rows) for lowered in readings]
    spec = rows[0].spec
    mentioned = {} if spec is None else mentioned_in(spec.tree, parameter)
    where = mentioned.get(key[1])
    refusal = refusal_of(parameter, threads, opened, "" if where is None else f"{where.path}:{where.line}")
    sizes = []
    for lowered, typed in zip(readings, found, strict=True):
        lemmas = {name: p for (_, name), p in typed.items() if p.kind is Kind.LEMMA and name not in mentioned}
        lemmas.pop(key[1], None)
        sizes.append(Size(lowered.system, typed[key], lemmas))
    return Family(parameter, threads.family, low, tuple(sizes), refusal), found[-1]


def _without_number(system: TransitionSystem, parameter: str) -> TransitionSystem:
    """A system that tells nobody how many threads it has."""
    params = tuple((name, "any" if name == parameter else shown) for name, shown in system.params)
    return replace(system, params=params, chosen=tuple(name for name in system.chosen if name != parameter))


def _mode(row: Row, elaborated: Elaborated) -> Mode:
    """How the row reads the model: as its check says, with no more costs than the property needs."""
    mode = mode_of(row.check, elaborated)
    return replace(mode, costs=mode.costs & row.costs)


def _typed(lowered: Lowered, rows: list[Row]) -> dict[Key, Property]:
    found: dict[Key, Property] = {("", name): sanitizer(name) for name in SANITIZERS}
    specs: dict[str, Spec] = {row.spec.path: row.spec for row in rows if row.spec is not None}
    errors: list[Diagnostic] = []
    for spec in specs.values():
        wanted = {row.prop for row in rows if row.spec is not None and row.spec.path == spec.path}
        try:
            for name, prop in typed_properties(spec.tree, lowered, wanted).items():
                found[(spec.path, name)] = replace(prop, name=f"{spec.path}:{name}")
        except OomcheckError as failure:
            errors.extend(failure.diagnostics)
    if errors:
        raise OomcheckError(errors)
    return found
