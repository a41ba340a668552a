"""Bar charts as SVG text: groups of horizontal bars, one colour for each series, linear or logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

#: Told apart by most who see colours differently (Okabe and Ito, Color Universal Design, 2008).
COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#999999", "#000000")
LABELS, PLOT, VALUES = 190, 560, 80  # widths of the three columns
BAR, GAP, TOP, LEGEND = 14, 12, 44, 20
SUFFIXES = ((1e9, " G"), (1e6, " M"), (1e3, " k"))


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that stand together: a label, and values by series; a series without a value has no bar."""

    label: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to pixels. A logarithmic one begins at a power of ten below all values."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Pixels from the left of the plot; values outside go to its edges."""
        if self.log:
            share = math.log10(max(value, self.low) / self.low) / math.log10(self.high / self.low)
        else:
            share = value / self.high
        return PLOT * min(1.0, max(0.0, share))

    def ticks(self) -> list[float]:
        """Powers of ten, or quarters of the range."""
        if self.log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**exponent for exponent in range(first, last + 1)]
        return [self.high * quarter / 4 for quarter in range(5)]


def scale_of(values: Sequence[float], log: bool) -> Scale:
    """A scale that holds all values, which are positive."""
    if not log:
        return Scale(0.0, max(values), log)
    low = math.floor(math.log10(min(values)) - 1e-9)
    high = math.ceil(math.log10(max(values)))
    return Scale(10.0**low, 10.0 ** max(high, low + 1), log)


def number(value: float) -> str:
    """A value in three digits with its thousands as a letter."""
    for size, suffix in SUFFIXES:
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def bars(title: str, groups: Sequence[Group], log: bool = False) -> str:
    """The chart; groups from top to bottom, series coloured in the order of their first appearance."""
    series = list(dict.fromkeys(name for group in groups for name, _ in group.values))
    scale = scale_of([value for group in groups for _, value in group.values], log)
    height = TOP + sum(BAR * len(group.values) + GAP for group in groups)
    legend = LEGEND * (1 + (len(series) - 1) // 3)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABELS + PLOT + VALUES}" height="{height + 30 + legend}" '
            'font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>',
            f'<text x="10" y="20" font-size="15" font-weight="bold">{escape(title)}</text>',
            *_axis(scale, height),
            *_groups(groups, series, scale),
            *_legend(series, height + 34),
            "</svg>\n",
        )
    )


def _axis(scale: Scale, bottom: int) -> list[str]:
    lines = []
    for tick in scale.ticks():
        x = LABELS + scale.place(tick)
        lines.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom - GAP / 2}" stroke="#dddddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 10}" text-anchor="middle" fill="#555555">{number(tick)}</text>')
    return lines


def _groups(groups: Sequence[Group], series: Sequence[str], scale: Scale) -> list[str]:
    lines = []
    y = TOP
    for group in groups:
        middle = y + BAR * len(group.values) / 2 + 4
        lines.append(f'<text x="{LABELS - 8}" y="{middle:.1f}" text-anchor="end">{escape(group.label)}</text>')
        for name, value in group.values:
            width = max(1.0, scale.place(value))
            colour = COLOURS[series.index(name) % len(COLOURS)]
            lines.append(
                f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{colour}">'
                f"<title>{escape(group.label)}, {escape(name)}: {number(value)}</title></rect>"
            )
            lines.append(f'<text x="{LABELS + width + 5:.1f}" y="{y + BAR - 4}" font-size="10">{number(value)}</text>')
            y += BAR
        y += GAP
    return lines


def _legend(series: Sequence[str], top: int) -> list[str]:
    lines = []
    for place, name in enumerate(series):
        x, y = 10 + 270 * (place % 3), top + LEGEND * (place // 3)
        colour = COLOURS[place % len(COLOURS)]
        lines.append(f'<rect x="{x}" y="{y - 9}" width="11" height="11" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="{y}">{escape(name)}</text>')
    return lines
