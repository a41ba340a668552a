"""Races as C: masks of the places that a step touches, compared between the enabled steps of different processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Place, Var
from oomcheck.ir.sorts import width
from oomcheck.ir.system import Access, Transition, TransitionSystem
from oomcheck.native.expressions import Writer, word
from oomcheck.records import dataclass
from oomcheck.semantics.sought import clash

#: A scalar or element (name, position), or an array of which some access computes its index (name, None).
_Spot = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class _Racer:
    """A step and the shared spots that it touches, as bit sets: writes and all accesses, then those without a mark."""

    step: int
    process: int
    writes: int
    touches: int
    plain_writes: int
    plain_touches: int


def race_code(system: TransitionSystem, writer: Writer, item: int) -> str:
    """`static void look_for_races(s, out)`: sets the item if two enabled steps in `out` race."""
    spots = _shared_spots(system)
    racers = [racer for step in system.transitions if (racer := _racer(step, spots)) is not None]
    if not racers:
        return "static void look_for_races(const uint64_t *s, struct moves *out)\n{\n\t(void)s, (void)out;\n}\n"
    numbers = {racer.step: position for position, racer in enumerate(racers)}
    ranks = ", ".join(str(numbers.get(step, -1)) for step in range(len(system.transitions)))
    words = (max(spots.values()) // 64) + 1
    rows = ",\n".join("\t" + _row(racer, words) for racer in racers)
    pairs = "".join(_pairs(system, spots, writer))
    return _TEXT.format(ranks=ranks, rows=rows, words=words, pairs=pairs, word=item >> 6, bit=item & 63)


_TEXT = """\
/* Spots that a step touches, as bit sets: written, touched, and both by accesses without a mark. */
struct racer {{
	uint32_t process;
	uint64_t writes[{words}], touches[{words}], plain_writes[{words}], plain_touches[{words}];
}};

static const int32_t racer_of[] = {{ {ranks} }};
static const struct racer racers[] = {{
{rows}
}};

/* Two steps that touch the same spot, where that does not settle it. */
static int really_race(const uint64_t *s, uint32_t a, uint32_t b)
{{
	(void)s;
	switch ((uint64_t)a << 32 | b) {{
{pairs}	default:
		return 1;
	}}
}}

static int may_race(const struct racer *a, const struct racer *b)
{{
	uint64_t both = 0;

	if (a->process == b->process)
		return 0;
	for (uint32_t k = 0; k < {words}; k++) {{
		both |= (a->plain_writes[k] & b->touches[k]) | (a->writes[k] & b->plain_touches[k]);
		both |= (a->touches[k] & b->plain_writes[k]) | (a->plain_touches[k] & b->writes[k]);
	}}
	return both != 0;
}}

static void look_for_races(const uint64_t *s, struct moves *out)
{{
	for (uint32_t i = 1; i < out->count; i++) {{
		int32_t b = racer_of[out->steps[i]];

		for (uint32_t j = 0; b >= 0 && j < i; j++) {{
			int32_t a = racer_of[out->steps[j]];

			if (a < 0 || !may_race(&racers[a], &racers[b]))
				continue;
			if (really_race(s, out->steps[j], out->steps[i])) {{
				out->items[{word}] |= UINT64_C(1) << {bit};
				return;
			}}
		}}
	}}
}}
"""


def _computed(system: TransitionSystem) -> frozenset[str]:
    """Arrays of which some access computes its index."""
    places = (access.place for step in system.transitions for access in step.accesses)
    return frozenset(p.array.name for p in places if isinstance(p, Index) and not isinstance(p.index, Lit))


def _spot(place: Place, computed: frozenset[str]) -> _Spot | None:
    """The spot of a place; None for an element outside its array."""
    match place:
        case Var(name=name):
            return name, 0
        case Index(array=array) if array.name in computed:
            return array.name, None
        case Index(array=array, index=Lit(value=position)):
            return (array.name, position) if 0 <= position < width(array.sort) else None
        case Index():
            raise AssertionError("its array is computed")


@dataclass(slots=True)
class _Users:
    writers: set[int]
    touching: set[int]


def _shared_spots(system: TransitionSystem) -> dict[_Spot, int]:
    """Spots that two processes touch and one of them writes, numbered."""
    computed = _computed(system)
    users: dict[_Spot, _Users] = defaultdict(lambda: _Users(set(), set()))
    for step in system.transitions:
        for access in step.accesses:
            spot = _spot(access.place, computed)
            if spot is not None:
                users[spot].touching.add(step.process)
                if access.write:
                    users[spot].writers.add(step.process)
    shared = [spot for spot, use in users.items() if use.writers and len(use.touching) > 1]
    return {spot: number for number, spot in enumerate(shared)}


def _racer(step: Transition, spots: dict[_Spot, int]) -> _Racer | None:
    computed = frozenset(name for name, position in spots if position is None)

    def mask(accesses: Iterator[Access]) -> int:
        found = 0
        for access in accesses:
            spot = _spot_in(access.place, computed)
            if spot in spots:
                found |= 1 << spots[spot]
        return found

    touches = mask(iter(step.accesses))
    if not touches:
        return None
    return _Racer(
        step.index,
        step.process,
        mask(a for a in step.accesses if a.write),
        touches,
        mask(a for a in step.accesses if a.write and not a.marked),
        mask(a for a in step.accesses if not a.marked),
    )


def _spot_in(place: Place, computed: frozenset[str]) -> _Spot:
    """The spot of a place among those that matter; one that is of no spot there is harmless."""
    match place:
        case Var(name=name):
            return name, 0
        case Index(array=array) if array.name in computed:
            return array.name, None
        case Index(array=array, index=Lit(value=position)):
            return array.name, position
        case Index(array=array):
            return array.name, None


def _row(racer: _Racer, words: int) -> str:
    sets = (racer.writes, racer.touches, racer.plain_writes, racer.plain_touches)
    parts = ", ".join("{ " + ", ".join(word(bits >> 64 * k & 2**64 - 1) for k in range(words)) + " }" for bits in sets)
    return f"{{ {racer.process}, {parts} }}"


def _pairs(system: TransitionSystem, spots: dict[_Spot, int], writer: Writer) -> Iterator[str]:
    """Cases of `really_race`: pairs of steps that touch one array whose index is computed."""
    users: dict[str, list[Transition]] = defaultdict(list)
    for step in system.transitions:
        names = {a.place.array.name for a in step.accesses if isinstance(a.place, Index)}
        for name in sorted(names):
            if (name, None) in spots:
                users[name].append(step)
    seen: set[tuple[int, int]] = set()
    for steps in users.values():
        for a in steps:
            for b in steps:
                if a.process != b.process and (a.index, b.index) not in seen:
                    seen.add((a.index, b.index))
                    yield _case(a, b, clash(a, b), writer)


def _case(a: Transition, b: Transition, condition: Expr, writer: Writer) -> str:
    if condition == TRUE:
        return ""
    value = "0" if condition == FALSE else writer.value(condition)
    return f"\tcase UINT64_C({a.index}) << 32 | {b.index}:\n\t\treturn {value} != 0;\n"
