"""Our `dataclass` against the standard one: the same classes made by both behave alike."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from oomcheck import records
from oomcheck.diag.span import Source, Span
from oomcheck.ir.expr import Lit
from oomcheck.ir.sorts import BOOL
from oomcheck.result.exploration import Limits
from oomcheck.settings import Settings

Decorator = Callable[..., Callable[[type], Any]]


def made(decorate: Decorator) -> dict[str, Any]:
    """Classes of all forms that the package has, by what is special about them."""

    @decorate(frozen=True, slots=True)
    class Plain:
        """Two fields, a default, one that is not compared, one that is not shown."""

        first: int
        second: str = "x"
        third: int = field(default=3, compare=False)
        fourth: int = field(default=4, repr=False)

        def total(self) -> int:
            return self.first + self.third

    @decorate(frozen=True, slots=True)
    class Empty:
        """No field."""

    @decorate(frozen=True, slots=True)
    class Single:
        """One field."""

        only: tuple[int, ...]

    @decorate(slots=True)
    class Changing:
        """Not frozen, with factories."""

        items: list[int] = field(default_factory=list)
        count: int = 0

    @decorate(frozen=True)
    class Open:
        """Without slots."""

        name: str
        options: dict[str, int] = field(default_factory=dict)
        size: int = 7

    @decorate(frozen=True, slots=True)
    class Computed:
        """A field that the class computes."""

        text: str = field(repr=False)
        length: int = field(init=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.text))

    @decorate(frozen=True, slots=True, eq=False)
    class Identity:
        """Compared by identity."""

        name: str

    @decorate(frozen=True, slots=True)
    class Shown:
        """With a text of its own."""

        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    classes = (Plain, Empty, Single, Changing, Open, Computed, Identity, Shown)
    return {cls.__name__: cls for cls in classes}


OURS, STANDARD = made(records.dataclass), made(dataclasses.dataclass)

#: Class, arguments, arguments by name.
INSTANCES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Plain", (1,), {}),
    ("Plain", (1, "y"), {"fourth": 9}),
    ("Plain", (), {"first": 2, "third": 5}),
    ("Empty", (), {}),
    ("Single", ((1, 2),), {}),
    ("Changing", (), {}),
    ("Changing", ([1],), {"count": 2}),
    ("Open", ("n",), {}),
    ("Open", ("n", {"a": 1}), {"size": 1}),
    ("Computed", ("abc",), {}),
    ("Identity", ("i",), {}),
    ("Shown", ("s",), {}),
]


@pytest.mark.parametrize(("name", "args", "given"), INSTANCES)
def test_instances_show_alike(name: str, args: tuple[Any, ...], given: dict[str, Any]) -> None:
    """Values, text and fields of an instance are those of the standard decorator."""
    ours, standard = OURS[name](*args, **given), STANDARD[name](*args, **given)
    assert repr(ours) == repr(standard)
    assert dataclasses.astuple(ours) == dataclasses.astuple(standard)
    assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(standard)]


@pytest.mark.parametrize(("left", "right"), [(a, b) for a in INSTANCES for b in INSTANCES])
def test_instances_compare_alike(left: Any, right: Any) -> None:  # noqa: ANN401
    """Two instances are equal, and have a hash, as with the standard decorator."""

    def answers(classes: dict[str, Any]) -> tuple[object, ...]:
        one, other = (classes[name](*args, **given) for name, args, given in (left, right))
        return one == other, one != other, one.__eq__(other) is NotImplemented, type(one).__hash__ is None

    assert answers(OURS) == answers(STANDARD)


def test_equal_instances_have_equal_hashes() -> None:
    """What is not compared does not count, neither for equality nor for the hash."""
    plain = OURS["Plain"]
    assert plain(1, third=5) == plain(1, third=6)
    assert len({plain(1, third=5), plain(1, third=6), plain(2)}) == 2
    assert len({OURS["Single"]((1,)), OURS["Single"]((1,)), OURS["Empty"](), OURS["Empty"]()}) == 2


@pytest.mark.parametrize(
    ("name", "args", "given"),
    [
        ("Plain", (), {}),
        ("Plain", (1, "y", 3, 4, 5), {}),
        ("Plain", (1,), {"fifth": 5}),
        ("Plain", (1,), {"first": 1}),
        ("Computed", ("a",), {"length": 1}),
        ("Empty", (1,), {}),
    ],
)
def test_wrong_arguments_are_refused_alike(name: str, args: tuple[Any, ...], given: dict[str, Any]) -> None:
    """Missing, additional and doubled arguments are the same TypeError."""
    with pytest.raises(TypeError) as standard:
        STANDARD[name](*args, **given)
    with pytest.raises(TypeError) as ours:
        OURS[name](*args, **given)
    assert str(ours.value) == str(standard.value)


@pytest.mark.parametrize("name", ["Plain", "Open", "Computed", "Identity"])
def test_frozen(name: str) -> None:
    """Fields of a frozen class are neither assigned nor deleted, before and after the first use."""
    instance = OURS[name]("a")
    for attribute in dataclasses.fields(instance):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{attribute.name}'"):
            setattr(instance, attribute.name, 1)
        with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{attribute.name}'"):
            delattr(instance, attribute.name)


def test_other_classes_change() -> None:
    """Fields of the others are assigned; a factory makes a new value each time."""
    one, other = OURS["Changing"](), OURS["Changing"]()
    one.items.append(1)
    one.count += 1
    assert (one.items, one.count, other.items, other.count) == ([1], 1, [], 0)


@pytest.mark.parametrize("name", list(OURS))
def test_classes_are_alike(name: str) -> None:
    """Slots, positions in patterns, and names of a class are those of the standard decorator."""
    ours, standard = OURS[name], STANDARD[name]
    assert ours.__match_args__ == standard.__match_args__
    assert ours.__dict__.get("__slots__") == standard.__dict__.get("__slots__")
    assert (ours.__name__, ours.__qualname__, ours.__module__) == (name, standard.__qualname__, __name__)
    assert ours.__doc__ == standard.__doc__
    assert hasattr(ours, "size") == hasattr(standard, "size")
    assert dataclasses.is_dataclass(ours)


def test_patterns_and_replacement() -> None:
    """`match` takes fields by position, `replace` makes an instance with other values."""
    replaced = dataclasses.replace(OURS["Plain"](1, "y", fourth=8), first=2)
    assert replaced == OURS["Plain"](2, "y", fourth=8)
    assert replaced.total() == 5
    match Lit(3, BOOL):
        case Lit(value, sort):
            assert (value, sort) == (3, BOOL)


def test_signature_once_used() -> None:
    """After the first use the signature has the names and defaults of the fields."""
    OURS["Plain"](1)
    signature = inspect.signature(OURS["Plain"])
    assert list(signature.parameters) == ["first", "second", "third", "fourth"]
    assert signature.parameters["second"].default == "x"


def test_copies_and_pickles() -> None:
    """Frozen classes with slots survive copying and pickling."""
    span = Span(Source("m.oom", "model m;"), 0, 5)
    assert copy.copy(span) == copy.deepcopy(span) == pickle.loads(pickle.dumps(span)) == span
    assert Settings(depth=3) == pickle.loads(pickle.dumps(Settings(depth=3)))
    assert copy.deepcopy(Limits()) == Limits()


def test_values_that_hold_themselves() -> None:
    """The text of a value within itself is cut short."""
    value = OURS["Changing"]()
    value.items = [value]
    assert repr(value).endswith("Changing(items=[...], count=0)")


def test_what_is_not_supported() -> None:
    """Inheritance and an equality of one's own are refused where the class is made."""

    class Base:
        pass

    with pytest.raises(AssertionError):
        records.dataclass(frozen=True)(type("Derived", (Base,), {"__annotations__": {"x": "int"}}))
    with pytest.raises(AssertionError):
        records.dataclass(frozen=True)(type("Own", (), {"__eq__": lambda self, other: True}))
