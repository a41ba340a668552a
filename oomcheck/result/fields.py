"""Reading JSON values that may be anything: each wrong field is a `FieldError` that says where and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from oomcheck.records import dataclass

T = TypeVar("T")

MAX_NUMBER = 10**18  # as in the language; larger numbers are no counts of ours


class FieldError(Exception):
    """What is wrong with a JSON value, in words for the user."""


def kind_of(value: object) -> str:
    """What JSON calls a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return type(value).__name__


@dataclass(slots=True)
class Fields:
    """A JSON object on its way to a value: remembers which of its fields were read."""

    where: str
    table: Mapping[str, object]
    seen: set[str] = field(default_factory=set)

    def value(self, name: str) -> object:
        """The field `name`, of any type."""
        self.seen.add(name)
        if name not in self.table:
            raise FieldError(f"{self.where} has no field {name!r}")
        return self.table[name]

    def optional(self, name: str, read: Callable[[], T]) -> T | None:
        """What `read` makes of the field `name`, None if there is no such field."""
        return read() if name in self.table else None

    def path(self, name: str) -> str:
        """How messages call a field."""
        return f"{self.where}.{name}" if self.where != TOP else name

    def text(self, name: str) -> str:
        """A field that is a string."""
        value = self.value(name)
        if isinstance(value, str) and value.isascii():  # nearly always; then nobody asks for the path
            return value
        return as_text(value, self.path(name))

    def one_of(self, name: str, words: Sequence[str]) -> str:
        """A field that is one of some strings."""
        text = self.text(name)
        if text not in words:
            raise FieldError(f"{self.path(name)}: expected {' or '.join(words)}, found {text!r:.60}")
        return text

    def number(self, name: str) -> int:
        """A field that is a whole number and not negative."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(f"{self.path(name)}: expected a whole number, found {kind_of(value)}")
        if not 0 <= value <= MAX_NUMBER:
            raise FieldError(f"{self.path(name)}: expected a number in 0 .. 10^18")
        return value

    def truth(self, name: str) -> bool:
        """A field that is true or false."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise FieldError(f"{self.path(name)}: expected a boolean, found {kind_of(value)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is an array of strings."""
        values = as_list(self.value(name), self.path(name))
        return tuple(as_text(value, f"{self.path(name)}[{i}]") for i, value in enumerate(values))

    def items(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """A field that is an array of objects, each read by `read`, which must read all of it."""
        values = as_list(self.value(name), self.path(name))
        return tuple(whole(value, f"{self.path(name)}[{i}]", read) for i, value in enumerate(values))

    def mapping(self, name: str) -> tuple[tuple[str, str], ...]:
        """A field that is an object whose values are strings, in its order."""
        inner = as_fields(self.value(name), self.path(name))
        return tuple((key, inner.text(key)) for key in inner.table)

    def finish(self) -> None:
        """Refuse fields that nobody read: a newer format may mean something by them."""
        for name in self.table if self.seen != self.table.keys() else ():
            if name not in self.seen:
                raise FieldError(f"{self.where} has a field {name!r:.60} that this version does not know")


TOP = "the object"


def whole(value: object, where: str, read: Callable[[Fields], T]) -> T:
    """`value` as an object read by `read`, which must read each of its fields."""
    fields = as_fields(value, where)
    result = read(fields)
    fields.finish()
    return result


def as_fields(value: object, where: str) -> Fields:
    """`value` as an object."""
    if not isinstance(value, dict):
        raise FieldError(f"{where}: expected an object, found {kind_of(value)}")
    for key in value:
        if not isinstance(key, str) or not key.isascii():
            as_text(key, f"a name in {where}")
    return Fields(where, value)


def as_list(value: object, where: str) -> list[object]:
    """`value` as an array."""
    if not isinstance(value, list):
        raise FieldError(f"{where}: expected an array, found {kind_of(value)}")
    return value


def as_text(value: object, where: str) -> str:
    """`value` as a string that can be written out again (no half of a surrogate pair)."""
    if not isinstance(value, str):
        raise FieldError(f"{where}: expected a string, found {kind_of(value)}")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise FieldError(f"{where}: not Unicode text")
    return value
