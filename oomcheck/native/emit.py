"""A transition system as C, behind the interface of `runtime/model.h`.

The file holds one function for each process: a switch over its location, and there the faults and the steps. Everything
in it is made of numbers (see `expressions`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from oomcheck.analysis.ample import Ample
from oomcheck.analysis.permutation import Permutation
from oomcheck.ir.expr import Expr, Index, Lit, Place, Var
from oomcheck.ir.sorts import width
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.native.branches import nest
from oomcheck.native.expressions import PRELUDE, Writer, into_field, raw, word
from oomcheck.native.fold import canonical_code
from oomcheck.native.items import Items
from oomcheck.native.layout import Field, Layout, lay_out
from oomcheck.native.races import race_code
from oomcheck.native.reduce import reduce_code
from oomcheck.records import dataclass
from oomcheck.semantics.guarded import Guarded, guarded

MODEL_ABI = 1
INLINE_WORDS = 2  # widest states that are copied in place
WANT_RACES, WANT_ORDERS = 1, 2


@dataclass(frozen=True, slots=True)
class Emitted:
    """C text for a system, and how it packs states."""

    text: str
    layout: Layout


def emit(
    system: TransitionSystem,
    items: Items,
    conditions: Sequence[Expr] = (),
    ample: Ample | None = None,
    group: Sequence[Permutation] = (),
) -> Emitted:
    """The C file of `system`; `conditions`, at most 64, are the letters of a state.

    With `ample` it can reduce, with a `group` of more than one permutation fold states that are alike.

    Raises TooWideError for a system with values of more than 62 bits.
    """
    asked = [condition for _, condition in items.formulas]
    layout = lay_out(system, [*asked, *items.conditions, *conditions, *(ample.tests if ample else ())])
    return Emitted(_Model(system, items, conditions, layout).text(ample, group), layout)


class _Model:
    def __init__(self, system: TransitionSystem, items: Items, conditions: Sequence[Expr], layout: Layout) -> None:
        self._system = system
        self._items = items
        self._conditions = conditions
        self._layout = layout
        self._writer = Writer(system.slot, layout)
        self._ordered = {edge.process for edge in items.orders}
        self._faults: dict[tuple[int, int], list[Guarded]] = defaultdict(list)
        for number, item in items.faults:
            place = (item.fault.process, item.fault.origin)
            self._faults[place].append(guarded(items.conditions[number], [_note(number)]))

    def text(self, ample: Ample | None, group: Sequence[Permutation]) -> str:
        """The whole file."""
        system, writer = self._system, self._writer
        processes = [self._process(number) for number in range(len(system.processes))]
        looks = "" if self._items.races is None else race_code(system, writer, self._items.races)
        orders = [self._look_for_orders(number) for number in sorted(self._ordered)]
        reduces = reduce_code(system, ample, writer, self._layout.words) if ample else ""
        folds = canonical_code(group, self._layout) if len(group) > 1 else ""
        extra = (".reduce = reduce, " if ample else "") + (".canonical = canonical, " if folds else "")
        tail = [self._expand(), reduces, folds, self._letters(), self._model(extra)]
        words = self._layout.words
        # In each step of a large model of its own, copying the state is a quarter of what is to be compiled.
        how = "inline" if words <= INLINE_WORDS else "__attribute__((noinline))"
        head = ['#include "model.h"\n', PRELUDE, _SUCCESSOR.format(words=words, how=how), writer.accessors()]
        parts = [*head, *writer.helpers, looks, *orders, *processes, *tail]
        return "\n".join(part for part in parts if part)

    # ------------------------------------------------------------ processes

    def _process(self, number: int) -> str:
        process = self._system.processes[number]
        pc = self._writer.field(self._writer.slot(process.pc))
        lines = [f"static uint32_t process_{number}(const uint64_t *s, struct moves *out, uint32_t c)", "{"]
        lines.append(f"\tswitch ({raw(pc) if pc.width else '0'}) {{")
        for location in range(len(process.locations)):
            body = [*self._faults.get((number, location), ()), *self._steps(number, location)]
            if body:
                lines.append(f"\tcase {location}:")
                lines += ["\t\t" + line if line else line for line in [*nest(body, self._writer), "break;"]]
        lines += ["\t}", "\t(void)s, (void)out;", "\treturn c;", "}", ""]
        return "\n".join(lines)

    def _steps(self, process: int, location: int) -> Iterator[Guarded]:
        for step in self._system.by_location.get((process, location), ()):
            yield guarded(step.guard, list(self._successor(step)))

    def _successor(self, step: Transition) -> Iterator[str]:
        """Lines that hand out a step and where it leads; all values are of the old state."""
        if step.acquire is not None and step.process in self._ordered:
            yield f"if (out->want & {WANT_ORDERS})"
            yield f"\tlook_for_orders_{step.process}(s, out, {self._writer.value(step.acquire)});"
        yield "uint64_t *n = successor(s, out, c);"
        yield ""
        if any(self._is_computed(update.target) for update in step.updates):
            yield from self._one_by_one(step)
        else:
            yield from self._word_by_word(step)
        yield f"out->steps[c++] = {step.index};"

    def _is_computed(self, place: Place) -> bool:
        return isinstance(place, Index) and not isinstance(place.index, Lit)

    def _slot(self, place: Place) -> int | None:
        """The slot of a place that is no computed element; None outside of its array."""
        match place:
            case Var(name=name):
                return self._writer.slot(name)
            case Index(array=array, index=Lit(value=position)):
                return self._writer.slot(array.name) + position if 0 <= position < width(array.sort) else None
            case Index():
                raise AssertionError("a computed element")

    def _word_by_word(self, step: Transition) -> Iterator[str]:
        """Each word of the successor as one expression; the last write to a slot counts."""
        written: dict[int, Expr | int] = {}
        for update in step.updates:
            slot = self._slot(update.target)
            if slot is not None:
                written.pop(slot, None)
                written[slot] = update.value
        written[self._pc(step)] = step.target
        for number in range(self._layout.words):
            fields = [(f, value) for slot, value in written.items() if (f := self._writer.field(slot)).word == number]
            if any(f.width for f, _ in fields):
                yield f"n[{number}] = {self._new_word(number, [(f, value) for f, value in fields if f.width])};"

    def _new_word(self, number: int, fields: Sequence[tuple[Field, Expr | int]]) -> str:
        cleared = constant = 0
        parts = []
        for field, value in fields:
            cleared |= field.mask << field.shift
            known = value if isinstance(value, int) else value.value if isinstance(value, Lit) else None
            if known is not None:
                constant |= (known - field.low & field.mask) << field.shift
            elif not isinstance(value, int):
                parts.append(into_field(field, self._writer.value(value)))
        kept = [] if cleared == 2**64 - 1 else [f"(s[{number}] & {word(~cleared & 2**64 - 1)})"]
        known_bits = [word(constant)] if constant or not (kept or parts) else []
        return " | ".join([*kept, *known_bits, *parts])

    def _one_by_one(self, step: Transition) -> Iterator[str]:
        """Writes in order, where one of them may or may not touch what another writes."""
        for update in step.updates:
            value = self._writer.value(update.value)
            match update.target:
                case Index(array=array, index=index) if self._is_computed(update.target):
                    yield f"put_{self._writer.array(array.name)}(n, {self._writer.value(index)}, {value});"
                case place:
                    slot = self._slot(place)
                    yield from () if slot is None else self._write(self._writer.field(slot), value)
        yield from self._write(self._writer.field(self._pc(step)), str(step.target))

    def _write(self, field: Field, value: str) -> Iterator[str]:
        if field.width:
            kept = f"n[{field.word}] & {word(~(field.mask << field.shift) & 2**64 - 1)}"
            yield f"n[{field.word}] = ({kept}) | {into_field(field, value)};"

    def _pc(self, step: Transition) -> int:
        return self._writer.slot(self._system.processes[step.process].pc)

    def _look_for_orders(self, process: int) -> str:
        """A function that notes each lock held by `process` when it is about to take lock `wanted`."""
        locks = self._system.locks
        numbers = {(edge.held, edge.wanted): n for edge, n in self._items.orders.items() if edge.process == process}
        held = sorted({own for own, _ in numbers})
        rows = [
            "{ " + ", ".join(str(numbers.get((own, lock), -1)) for lock in range(len(locks))) + " }" for own in held
        ]
        tests = [
            guarded(locks[own].holders[process], [f"note_order(out, item[{row}][wanted]);"])
            for row, own in enumerate(held)
        ]
        return "\n".join(
            [
                f"static void look_for_orders_{process}(const uint64_t *s, struct moves *out, int64_t wanted)",
                "{",
                f"\tstatic const int32_t item[][{len(locks)}] = {{ {', '.join(rows)} }};",
                "",
                "\t(void)s;",
                f"\tif ((uint64_t)wanted >= {len(locks)})",
                "\t\treturn;",
                *("\t" + line for line in nest(tests, self._writer)),
                "}",
                "",
            ]
        )

    # ------------------------------------------------------------ the model

    def _expand(self) -> str:
        lines = ["static void expand(const uint64_t *s, struct moves *out)", "{", "\tuint32_t c = 0;", ""]
        lines += [f"\tc = process_{number}(s, out, c);" for number in range(len(self._system.processes))]
        lines += ["\tout->count = c;", "\tout->reduced = 0;"]
        formulas = [guarded(condition, [_note(number)]) for number, condition in self._items.formulas]
        lines += ["\t" + line for line in nest(formulas, self._writer)]
        if self._items.stuck:
            resting = [guarded(self._items.conditions[number], [_note(number)]) for number in sorted(self._items.stuck)]
            lines += ["\tif (!c) {", *("\t\t" + line for line in nest(resting, self._writer)), "\t}"]
        if self._items.races is not None:
            lines += [f"\tif (out->want & {WANT_RACES})", "\t\tlook_for_races(s, out);"]
        return "\n".join([*lines, "}", ""])

    def _letters(self) -> str:
        bits = [f"\tm |= (uint64_t)({self._writer.value(c)} != 0) << {bit};" for bit, c in enumerate(self._conditions)]
        lines = ["static uint64_t letters(const uint64_t *s)", "{", "\tuint64_t m = 0;", "", *bits]
        return "\n".join([*lines, "\t(void)s;", "\treturn m;", "}", ""])

    def _model(self, more: str) -> str:
        system, layout = self._system, self._layout
        initial = ", ".join(word(value) for value in layout.pack(system.initial))
        most = sum(self._most_steps(number) for number in range(len(system.processes)))
        return _MODEL.format(
            initial=initial,
            abi=MODEL_ABI,
            words=layout.words,
            bits=max(layout.bits, 1),
            steps=len(system.transitions),
            items=max(len(self._items.items), 1),
            most=max(most, 1),
            conditions=len(self._conditions),
            ordered=int(in_index_order(system)),
            more=more,
        )

    def _most_steps(self, process: int) -> int:
        places = range(len(self._system.processes[process].locations))
        return max((len(self._system.by_location.get((process, place), ())) for place in places), default=0)


_SUCCESSOR = """\
/* A copy of the state, where successor c is to be. */
static {how} uint64_t *successor(const uint64_t *s, struct moves *out, uint32_t c)
{{
	uint64_t *n = out->states + (uint64_t)c * {words};

	for (int k = 0; k < {words}; k++)
		n[k] = s[k];
	return n;
}}

static inline void note_order(struct moves *out, int32_t item)
{{
	if (item >= 0)
		out->items[item >> 6] |= UINT64_C(1) << (item & 63);
}}
"""

_MODEL = """\
static const uint64_t initial[] = {{ {initial} }};
static const struct model model = {{
	.abi = {abi}, .words = {words}, .bits = {bits}, .steps = {steps}, .items = {items}, .most_moves = {most},
	.conditions = {conditions}, .ordered = {ordered}, .initial = initial, .expand = expand, {more}.letters = letters,
}};

const struct model *oomcheck_model(void)
{{
	return &model;
}}
"""


def in_index_order(system: TransitionSystem) -> bool:
    """Whether going through the processes in order finds the transitions in the order of their index."""
    processes = [step.process for step in sorted(system.transitions, key=lambda step: step.index)]
    return processes == sorted(processes) and all(
        [step.index for step in steps] == sorted(step.index for step in steps) for steps in system.by_location.values()
    )


def _note(item: int) -> str:
    return f"out->items[{item >> 6}] |= {word(1 << (item & 63))};"
