"""The data of the partial-order reduction as C: tables for `runtime/ample.h`, and the tests as one function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oomcheck.analysis.ample import Ample, Item, Point
from oomcheck.analysis.facts import Watched, prepare
from oomcheck.analysis.points import Control
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.native.expressions import Writer, raw, word
from oomcheck.prop.property import Property
from oomcheck.semantics.checks import deciding, is_sanitizer

NOWHERE = END = 0xFFFFFFFF  # as AMPLE_... in the C file


def ample_for(system: TransitionSystem, properties: Sequence[Property]) -> Ample:
    """The data for a search of `system` that decides `properties`."""
    formulas = [deciding(prop) for prop in properties]
    formulas += [part.formula for prop in properties for part in prop.antecedents]
    asked = [
        fault
        for fault in system.faults
        if fault.halts or any(is_sanitizer(prop, fault.sanitizer) for prop in properties)
    ]
    races, orders = (any(is_sanitizer(prop, name) for prop in properties) for name in ("race", "lockdep"))
    return prepare(system, Watched(tuple(formulas), tuple(asked), races, orders))


def reduce_code(system: TransitionSystem, ample: Ample, writer: Writer, words: int) -> str:
    """`static void reduce(s, out)`, which calls `expand`, for states of so many words."""
    return _Tables(system, ample, writer).text(words)


class _Pool:
    """Rows of a table, each once."""

    def __init__(self, first: Iterable[object] = ()) -> None:
        self._rows: dict[object, int] = {}
        for row in first:
            self.number(row)

    def number(self, row: object) -> int:
        """Where the row is."""
        return self._rows.setdefault(row, len(self._rows))

    @property
    def masks(self) -> list[int]:
        """The rows, which are masks."""
        return [row for row in self._rows if isinstance(row, int)]


class _Lists:
    """Lists of tests one after the other, each once."""

    def __init__(self) -> None:
        self.flat: list[int] = []
        self._starts: dict[tuple[int, ...], int] = {}

    def start(self, tests: tuple[int, ...]) -> int:
        """Where a list begins."""
        if tests not in self._starts:
            self._starts[tests] = len(self.flat)
            self.flat += [*tests, END]
        return self._starts[tests]


class _Tables:
    def __init__(self, system: TransitionSystem, ample: Ample, writer: Writer) -> None:
        self._system = system
        self._ample = ample
        self._writer = writer
        self._classes = _Pool((0,))
        self._sets = _Pool((0,))
        self._visible = _Pool((0,))
        self._lists = _Lists()
        self._points: list[str] = []
        self._items: list[str] = []
        self._gone: list[str] = []

    def text(self, words: int) -> str:
        """All the code."""
        ample = self._ample
        first = [len(self._points)]
        for points in ample.points:
            for point in points:
                self._add(point)
            first.append(len(self._points))
        formulas = [self._lists.start(tests) for tests in ample.formulas]
        processes = [str(step.process) for step in sorted(self._system.transitions, key=_index)]
        tests, classes = max(len(ample.tests), 1), max(ample.classes, 1)
        parts = [
            _SIZES.format(words, len(ample.points), tests, classes, max(len(ample.formulas), 1)),
            _table("struct ample_point ample_points[]", self._points),
            _table("struct ample_item ample_items[]", self._items),
            _table("uint64_t ample_classes[][AMPLE_CLASS_WORDS]", _rows(self._classes.masks, classes)),
            _table("uint64_t ample_sets[][AMPLE_TEST_WORDS]", _rows(self._sets.masks, tests)),
            _table("uint32_t ample_gone[]", self._gone),
            _table("uint64_t ample_visible[][AMPLE_FORMULA_WORDS]", _rows(self._visible.masks, len(formulas) or 1)),
            _table("uint32_t ample_lists[]", map(str, self._lists.flat)),
            _table("uint32_t ample_formulas[]", map(str, formulas)),
            _table("uint32_t ample_process_of[]", processes),
            *(self._cells(control, start) for control, start in zip(ample.controls, first, strict=False)),
            self._locate(),
            self._test(),
            _REDUCE,
        ]
        return "\n".join(parts)

    def _add(self, point: Point) -> None:
        items, gone = len(self._items), len(self._gone)
        self._items += [self._item(item) for item in point.items]
        self._gone += [str(self._classes.number(classes)) for _, classes in sorted(point.cuts)]
        cuts = self._sets.number(sum(1 << test for test, _ in point.cuts))
        ever = 0
        for _, classes in point.cuts:
            ever |= classes
        places = (
            *(items, len(self._items), self._sets.number(point.makes)),
            *(self._classes.number(point.future), cuts, gone, self._classes.number(ever)),
        )
        self._points.append(f"{{ {', '.join(map(str, places))} }}")

    def _item(self, item: Item) -> str:
        step = str(item.source.index) if isinstance(item.source, Transition) else "AMPLE_FAULT"
        clashes, visible = self._classes.number(item.clashes), self._visible.number(item.visible)
        return f"{{ {step}, {item.sticky:d}, {clashes}, {visible}, {self._lists.start(item.tests)} }}"

    # ------------------------------------------------------------ control points

    def _cells(self, control: Control, first: int) -> str:
        """Points of a process by location and, where it takes them to tell, values; and where each location starts."""
        cells: list[int] = []
        starts = []
        for location in range(len(self._system.processes[control.process].locations)):
            starts.append(str(len(cells)))
            numbers = control.lookup(location).numbers if _is_there(control, location) else (-1,)
            cells += [NOWHERE if number < 0 else first + number for number in numbers]
        name = control.process
        return _table(f"uint32_t cells_{name}[]", map(str, cells)) + _table(f"uint32_t start_{name}[]", starts)

    def _locate(self) -> str:
        lines = ["static void locate(const uint64_t *s, uint32_t *points)", "{", "\tuint64_t at, k;", ""]
        for control in self._ample.controls:
            pc = self._writer.field(control.counter)
            lines.append(f"\tat = {raw(pc) if pc.width else '0'};")
            lines.append(f"\tk = start_{control.process}[at];")
            cases = list(self._cases(control))
            if cases:
                lines += ["\tswitch (at) {", *cases, "\t}"]
            lines.append(f"\tpoints[{control.process}] = cells_{control.process}[k];")
        return "\n".join([*lines, "\t(void)s;", "}", ""])

    def _cases(self, control: Control) -> Iterator[str]:
        for location in sorted({location for location, _ in control.points}):
            parts = []
            size = 1
            for slot, low, high in reversed(control.lookup(location).fields):
                value = f"(uint64_t)({self._writer.read(slot)} - ({low}))"
                parts.append(value if size == 1 else f"{value} * {size}")
                size *= high - low + 1
            if parts:
                yield f"\tcase {location}:"
                yield f"\t\tk += {' + '.join(parts)};"
                yield "\t\tbreak;"

    def _test(self) -> str:
        lines = ["static int test(const uint64_t *s, uint32_t number)", "{", "\tswitch (number) {"]
        for number, test in enumerate(self._ample.tests):
            lines += [f"\tcase {number}:", f"\t\treturn {self._writer.value(test)} != 0;"]
        return "\n".join([*lines, "\t}", "\t(void)s;", "\treturn 0;", "}", ""])


_SIZES = """\
#define AMPLE_STATE {}
#define AMPLE_PROCESSES {}
#define AMPLE_TESTS {}
#define AMPLE_CLASSES {}
#define AMPLE_FORMULAS {}
#include "ample.h"
"""

_REDUCE = """\
static const struct ample ample = {
	.points = ample_points, .items = ample_items, .classes = ample_classes, .sets = ample_sets, .gone = ample_gone,
	.visible = ample_visible, .tests = ample_lists, .formulas = ample_formulas, .process_of = ample_process_of,
	.locate = locate, .test = test,
};

static void reduce(const uint64_t *s, struct moves *out)
{
	expand(s, out);
	ample_reduce(&ample, s, out);
}
"""


def _index(step: Transition) -> int:
    return step.index


def _is_there(control: Control, location: int) -> bool:
    return location in control.by_location


def _rows(masks: Sequence[int], bits: int) -> list[str]:
    words = range((bits + 63) // 64)
    return ["{ " + ", ".join(word(mask >> 64 * w & 2**64 - 1) for w in words) + " }" for mask in masks]


def _table(declaration: str, rows: Iterable[str]) -> str:
    """A table of at least one row; one that is never looked at has just zeros."""
    return f"static const {declaration} = {{ {', '.join(rows) or '0'} }};\n"
