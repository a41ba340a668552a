"""Which properties compare jiffies with a deadline, so that only a timed check can ask them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from oomcheck.lang import tree as t
from oomcheck.lang.scope import Macro

WORD = re.compile(r"\w+")


def comparing(spec: t.SpecFile, names: Mapping[str, object]) -> tuple[t.Name, ...]:
    """Properties that name jiffies, in their text or in that of a macro; `names` are those of the model."""
    bodies = {name: symbol.body.span.text for name, symbol in names.items() if isinstance(symbol, Macro)}
    bodies |= {define.name.text: define.body.span.text for define in spec.defines}
    known = {"jiffies"}
    while more := {name for name, text in bodies.items() if name not in known and known & _words(text)}:
        known |= more
    return tuple(prop.name for prop in spec.properties if known & _words(_text(prop)))


def _text(prop: t.PropertyDecl) -> str:
    """What a property says, without its name and sentence."""
    _, _, text = prop.span.text.rpartition('"') if prop.sentence else prop.span.text.partition(":")
    return text


def _words(text: str) -> set[str]:
    return set(WORD.findall(text))
