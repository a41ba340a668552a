"""Diagnostics as text with a caret, and as plain dictionaries for JSON."""

from __future__ import annotations

from oomcheck.diag.diagnostic import Diagnostic

MAX_LINE = 120  # longer source lines are cut around the caret
TAB = 8


def render_text(diagnostic: Diagnostic) -> str:
    """Compiler style: message, place, the line with a caret below, hint and notes."""
    lines = [f"{diagnostic.severity.value}[{diagnostic.code}]: {_printable(diagnostic.message)}"]
    span = diagnostic.span
    if span is not None:
        lines.append(f"  --> {_printable(span.path)}:{span.line}:{span.column}")
        text, column, width = _window(span.source.line_text(span.line), span.column - 1, span.end - span.start)
        margin = " " * len(str(span.line))
        lines.append(f" {margin} |")
        lines.append(f" {span.line} | {text}")
        caret = " " * column + "^" * width
        lines.append(f" {margin} | {caret}" + (f" {_printable(diagnostic.hint)}" if diagnostic.hint else ""))
    elif diagnostic.hint:
        lines.append(f"  hint: {_printable(diagnostic.hint)}")
    lines.extend(f"  note: {_printable(note)}" for note in diagnostic.notes)
    return "\n".join(lines)


def render_dict(diagnostic: Diagnostic) -> dict[str, object]:
    """The fields of a diagnostic as JSON values; absent parts are null or empty."""
    span = diagnostic.span
    place = None if span is None else {"file": span.path, "line": span.line, "column": span.column}
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "place": place,
        "hint": diagnostic.hint,
        "notes": list(diagnostic.notes),
    }


def _window(line: str, column: int, width: int) -> tuple[str, int, int]:
    """The part of `line` to show, and column and width of the caret in it."""
    # cut first: a line may be a megabyte long
    start = max(column - MAX_LINE, 0)
    end = column + max(width, 1)
    before = _printable(line[start:column].expandtabs(TAB))
    marked = _printable(line[column : min(end, column + MAX_LINE)].expandtabs(TAB)) or " "
    after = _printable(line[end : end + MAX_LINE + 1].expandtabs(TAB))
    if len(before) > MAX_LINE // 2:
        before = "..." + before[-(MAX_LINE // 2) :]
    if len(marked) > MAX_LINE // 2:
        marked, after = marked[: MAX_LINE // 2], "..."
    room = max(MAX_LINE - len(before) - len(marked), 0)
    if len(after) > room:
        after = after[:room] + "..."
    return (before + marked + after).rstrip(), len(before), len(marked.rstrip()) or 1


def _printable(text: str) -> str:
    """`text` with control characters escaped, so that input cannot steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
