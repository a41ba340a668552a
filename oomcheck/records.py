"""`dataclass` with methods that are made when they are first needed.

The standard decorator compiles up to six functions for each class and makes most classes twice; a run never calls most
of the functions. It took 0.15 s of each start. Here `__init__` is compiled at the first call of a class, the other
methods are closures over the names of the fields, and `__dataclass_fields__` is asked of the standard decorator when
somebody wants it. What a class does is the same: `fields`, `replace`, `match`, equality, hashes, text, pickling,
FrozenInstanceError. Only `inspect.signature` of a class that has no instance yet tells less. Fields are not inherited.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

Names = tuple[str, ...]
Fields = Mapping[str, Field[Any]]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        """A decorator with those options of `dataclasses.dataclass` that have a user."""

        def decorate(cls: type) -> type:
            body = dict(cls.__dict__)
            assert cls.__bases__ == (object,), cls
            assert "__eq__" not in body, cls
            fields = _fields(body)
            added = {**_methods(fields, frozen, slots, eq), "__dataclass_fields__": _StandardFields(fields)}
            added["__match_args__"] = tuple(name for name, field in fields.items() if field.init)
            added["__init__"] = _first_init(fields, frozen, slots)
            return _made(cls, body, fields, {name: added[name] for name in added.keys() - body.keys()}, slots)

        return decorate


def _fields(body: Mapping[str, Any]) -> Fields:
    """The fields of a class by their names, in order."""
    given = ((name, body.get(name, MISSING)) for name in body.get("__annotations__", ()))
    return {name: value if isinstance(value, Field) else dataclasses.field(default=value) for name, value in given}


def _made(cls: type, body: dict[str, Any], fields: Fields, added: dict[str, Any], slots: bool) -> type:
    """The class with what is added; a new one if it has slots, as these are fixed when a class is made."""
    if slots:
        left_out = {"__dict__", "__weakref__", *fields}
        kept = {name: value for name, value in body.items() if name not in left_out}
        return type(cls.__name__, (), {**kept, **added, "__slots__": tuple(fields), "__qualname__": cls.__qualname__})
    for name, value in added.items():
        setattr(cls, name, value)
    for name, field in fields.items():
        if field.default is not MISSING:
            setattr(cls, name, field.default)
        elif name in body:
            delattr(cls, name)
    return cls


class _StandardFields:
    """What the standard functions want to know, made by the standard decorator when they ask."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def __get__(self, instance: object, cls: type) -> dict[str, Field[Any]]:
        body = {
            "__annotations__": cls.__annotations__,
            "__module__": cls.__module__,
            "__doc__": cls.__name__,
            **self._fields,
        }
        plain: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(type(cls.__name__, (), body))
        found: dict[str, Field[Any]] = plain.__dataclass_fields__
        cls.__dataclass_fields__ = found  # type: ignore[attr-defined]  # takes the place of this object
        return found


# ---------------------------------------------------------------- construction


def _first_init(fields: Fields, frozen: bool, slots: bool) -> Callable[..., None]:
    """An `__init__` that puts the real one in its place."""

    def __init__(self: object, *args: object, **given: object) -> None:  # noqa: N807
        cls: Any = type(self)
        cls.__init__ = _compiled_init(cls, fields, frozen, slots)
        cls.__init__(self, *args, **given)

    return __init__


def _compiled_init(cls: type, fields: Fields, frozen: bool, slots: bool) -> Callable[..., None]:
    """The constructor that assigns each field; names of fields are identifiers of our own source."""
    scope: dict[str, Any] = {"_absent": MISSING, "_put": object.__setattr__}
    params, lines = ["self"], []
    for name, field in fields.items():
        value = name
        if not field.init:
            assert field.default is MISSING, name  # it is left to __post_init__
            assert field.default_factory is MISSING, name
            continue
        if field.default is not MISSING:
            scope[f"_default_{name}"] = field.default
            params.append(f"{name}=_default_{name}")
        elif field.default_factory is not MISSING:
            scope[f"_make_{name}"] = field.default_factory
            params.append(f"{name}=_absent")
            value = f"_make_{name}() if {name} is _absent else {name}"
        else:
            params.append(name)
        if not frozen:
            lines.append(f"self.{name} = {value}")
        elif slots:
            scope[f"_set_{name}"] = cls.__dict__[name].__set__  # quicker than to look the slot up by its name
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"_put(self, {name!r}, {value})")
    if "__post_init__" in cls.__dict__:
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(params)}):\n " + "\n ".join(lines or ["pass"]), scope)
    real: Callable[..., None] = scope["__init__"]
    real.__qualname__ = f"{cls.__qualname__}.__init__"
    real.__module__ = cls.__module__
    return real


# ---------------------------------------------------------------- the other methods


def _methods(fields: Fields, frozen: bool, slots: bool, eq: bool) -> dict[str, Any]:
    """What the standard decorator would add, except for the constructor."""
    methods: dict[str, Any] = {"__repr__": _repr(tuple(name for name, field in fields.items() if field.repr))}
    if eq:
        methods |= _equality(tuple(name for name, field in fields.items() if field.compare), frozen)
    if frozen:
        methods |= {"__setattr__": _no_assignment, "__delattr__": _no_deletion}
        if slots:
            methods |= _pickled(tuple(fields))
    return methods


def _repr(names: Names) -> Callable[[object], str]:
    @recursive_repr()
    def __repr__(self: object) -> str:  # noqa: N807
        inner = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{self.__class__.__qualname__}({inner})"

    return __repr__


def _equality(names: Names, frozen: bool) -> dict[str, Any]:
    """Equality of instances of one class by their fields; a hash where they cannot change."""
    values = _values(names)

    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _values(names: Names) -> Callable[[object], tuple[object, ...]]:
    """The fields of an instance as a tuple; `attrgetter` makes one of two or more only."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda instance: ()
    value = attrgetter(names[0])
    return lambda instance: (value(instance),)


def _no_assignment(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deletion(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _pickled(names: Names) -> dict[str, Any]:
    """Copying and pickling, which must go around `__setattr__`."""

    def __getstate__(self: object) -> list[object]:  # noqa: N807
        return [getattr(self, name) for name in names]

    def __setstate__(self: object, state: list[object]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}
