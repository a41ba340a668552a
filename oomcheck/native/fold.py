"""Symmetry as C: a state is replaced by the least of its images under a group of permutations.

Which image is taken does not matter as long as it is the same for all of them; here it is the one with the least words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomcheck.analysis.permutation import Permutation, Renaming
from oomcheck.native.expressions import raw, word
from oomcheck.native.layout import Field, Layout


def canonical_code(group: Sequence[Permutation], layout: Layout) -> str:
    """`static void canonical(state)` for a closed group whose first element changes nothing."""
    lines = ["static void canonical(uint64_t *state)", "{", f"\tuint64_t s[{layout.words}], t[{layout.words}];", ""]
    lines.append("\tcopy(s, state);")
    for element in group[1:]:
        lines += [*_image(element, layout), "\tif (is_less(t, state))", "\t\tcopy(state, t);"]
    return "\n".join([_HELPERS.format(words=layout.words), *lines, "}", ""])


_HELPERS = """\
static int is_less(const uint64_t *a, const uint64_t *b)
{{
	for (int k = 0; k < {words}; k++) {{
		if (a[k] != b[k])
			return a[k] < b[k];
	}}
	return 0;
}}

static void copy(uint64_t *to, const uint64_t *from)
{{
	for (int k = 0; k < {words}; k++)
		to[k] = from[k];
}}
"""


def _image(element: Permutation, layout: Layout) -> Iterator[str]:
    """Lines that make the image `t` of a state `s`."""
    kept = [0] * layout.words
    moved: list[list[str]] = [[] for _ in range(layout.words)]
    for slot, field in enumerate(layout.fields):
        target = layout.fields[element.slots[slot]]
        renaming = element.values[slot]
        if element.slots[slot] == slot and not renaming:
            kept[field.word] |= field.mask << field.shift
        elif target.width:
            moved[target.word].append(f"({_value(field, target, renaming)}) << {target.shift}")
    for number, mask in enumerate(kept):
        parts = [f"(s[{number}] & {word(mask)})"] if mask else []
        yield f"\tt[{number}] = {' | '.join([*parts, *moved[number]]) or '0'};"


def _value(field: Field, target: Field, renaming: Renaming) -> str:
    """What the target holds when it gets the renamed value of a field: a uint64_t."""
    value = raw(field) if field.width else "UINT64_C(0)"
    shift = field.low - target.low
    plain = value if not shift else f"({value} + {word(shift % 2**64)})"
    for old, new in reversed(renaming):
        plain = f"({value} == {word(old - field.low)} ? {word(new - target.low)} : {plain})"
    return plain
