"""Data for the script of a page: JSON that no text in it can break out of."""

from __future__ import annotations

import json

#: What could end a script element, begin a comment or an entity, or end a line for old parsers of JavaScript.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"}


def island(value: object) -> str:
    """`value` as JSON to stand inside a script element; the signs that matter to HTML occur in strings only."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


class Words:
    """A table of texts, each of which is stored once; `add` gives its index."""

    def __init__(self) -> None:
        self.table: list[str] = []
        self._places: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The index of `text`, which is put at the end of the table if it is new."""
        if text not in self._places:
            self._places[text] = len(self.table)
            self.table.append(text)
        return self._places[text]
