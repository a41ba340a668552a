"""Words of a step: what its text leaves unsaid, and texts made fit for a terminal of some width."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oomcheck.result.trace import Change, Step

MAX_LINES = 4  # longer texts are cut: a trace is to be read
ELLIPSIS = "..."
NO_BREAK = "\N{NO-BREAK SPACE}"  # holds words together until the page is done; `plain` leaves none in a text

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_INDEX = re.compile(r"\[[^\]]*\]")
_PARTS = re.compile(r"[^(,./>]*[(,./>]+|[^(,./>]+")
_WORDS = re.compile(r"[^_]*_+|[^_]+")
_SETTER = re.compile(r"[A-Za-z_]*(set|clear)[A-Za-z_]*\s*\(")
_WAITS = ("await", "wait_event")


def plain(text: str, ascii_only: bool) -> str:
    """`text` on one line, with whatever could steer a terminal (or is not ASCII) escaped."""
    return "".join(_plain_char(char, ascii_only) for char in text)


def _plain_char(char: str, ascii_only: bool) -> str:
    if char in "\t\n\r":
        return " "
    if char.isprintable() and (char.isascii() or not ascii_only):
        return char
    return char.encode("unicode_escape").decode()


def wrap(text: str, width: int, indent: str = "  ", max_lines: int | None = MAX_LINES) -> list[str]:
    """`text` in lines of at most `width`, those after the first behind `indent`; at least one line.

    Lines break at spaces; a word that no line can hold breaks at its punctuation, else anywhere.
    """
    lines = [""]
    room = width - len(indent)
    glued = (word.split(NO_BREAK) if len(word) > room else [word] for word in text.split(" "))
    for word in (part for words in glued for part in words if part.strip()):
        glue = " "
        for piece in _pieces(word, room):
            if not lines[-1]:
                lines[-1] = piece
            elif len(lines[-1]) + len(glue) + len(piece) <= width:
                lines[-1] += glue + piece
            else:
                lines.append(indent + piece)
            glue = ""
    if max_lines is not None and len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], lines[max_lines - 1][: width - len(ELLIPSIS)] + ELLIPSIS]
    return lines


def _pieces(word: str, room: int) -> Iterable[str]:
    """`word` whole if it fits, else its parts up to each punctuation mark or underscore, none longer than `room`."""
    parts = [word]
    for finer in (_PARTS, _WORDS):
        parts = [p for part in parts for p in ([part] if len(part) <= room else finer.findall(part))]
    return (part[i : i + room] for part in parts for i in range(0, len(part), room))


def shorten(text: str, width: int) -> str:
    """`text`, cut with `...` at its end where it is longer than `width`."""
    return text if len(text) <= width else text[: width - len(ELLIPSIS)] + ELLIPSIS


def place(source: str, width: int) -> str:
    """A kernel reference in brackets; the folder goes first where it is too long, then the file."""
    forms = [source, source.rpartition("/")[2], source.rpartition(":")[2]]
    return next((f"[{form}]" for form in forms if len(form) + 2 <= width), f"[{shorten(forms[-1], width - 2)}]")


def unsaid(step: Step) -> list[str]:
    """The changes that the text of a step does not tell, or else what its test read."""
    visible = [change for change in step.changes if not change.quiet]
    if visible:
        return [_change(change, step.text) for change in visible if not evident(change, step.text)]
    if step.text.startswith(_WAITS) or len(step.reads) > 2:
        return []
    return [_glued("is", value) if name == step.text else f"{name} {_glued('is', value)}" for name, value in step.reads]


def _change(change: Change, text: str) -> str:
    # What the text names needs no qualification: `mm[0].users: 2 -> 1` after dec_and_test(&mm->users).
    name = change.name.rpartition(".")[2] if _last_name(change.name) in _IDENTIFIER.findall(text) else change.name
    return f"{name}: {_glued(change.old, '->', change.new)}"


def _glued(*words: str) -> str:
    return NO_BREAK.join(words)


def evident(change: Change, text: str) -> bool:
    """Whether `text` already says that `change` happens: `x = 1`, `set_bit(FLAG, word)`, `clear_bit(...)`."""
    name = _last_name(change.name)
    if not name or name not in _IDENTIFIER.findall(text):
        return False
    setter = _SETTER.match(text)
    if setter is not None and "test" not in setter.group():
        return change.new == ("true" if setter.group(1) == "set" else "false")
    target, _, value = text.partition(" = ")
    index = change.name.rpartition(".")[2].removeprefix(name)  # `present[v] = false` does not tell which one
    return _last_name(target) == name and target.endswith(name + index) and value.rstrip("; ") == change.new


def _last_name(place: str) -> str:
    """The variable, field or flag that a place ends in: `mm[0].flags.SKIP` ends in SKIP."""
    names: list[str] = _IDENTIFIER.findall(_INDEX.sub("", place))
    return names[-1] if names else ""


def flow(pieces: Iterable[str], width: int, indent: str, gap: str = "   ") -> list[str]:
    """The pieces that are not empty, as many on each line as fit whole; longer ones are wrapped."""
    lines: list[str] = []
    for piece in filter(str.strip, pieces):
        if lines and len(lines[-1]) + len(gap) + len(piece) <= width:
            lines[-1] += gap + piece
        else:
            lines += [indent + line for line in wrap(piece, width - len(indent), max_lines=None)]
    return lines
