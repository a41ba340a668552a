"""Types of the language."""

from __future__ import annotations

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import BOOL, EnumSort, IntSort, Scalar
from oomcheck.objects.base import TICKS
from oomcheck.records import dataclass

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class VoidType:
    """The result of a procedure."""


@dataclass(frozen=True, slots=True)
class BoolType:
    """`bool`."""


@dataclass(frozen=True, slots=True)
class IntType:
    """`int lo..hi`; any integer fits where any other is expected, ranges are checked when it is stored."""

    lo: int = INT_MIN
    hi: int = INT_MAX


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointerType:
    """A nullable reference to an object of a struct; value 0 is NULL, k is object k-1."""

    struct: str


@dataclass(frozen=True, slots=True)
class TaskType:
    """A nullable reference to a thread; value 0 is NULL, k is process k-1."""


@dataclass(frozen=True, slots=True)
class NullType:
    """The type of NULL, which fits every reference."""


@dataclass(frozen=True, slots=True)
class DeadlineType:
    """An instant; 0 is one that has passed, k + 1 one that comes in k ticks. Only compared with jiffies."""


@dataclass(frozen=True, slots=True)
class StructType:
    """An object of a struct, as a place."""

    name: str


@dataclass(frozen=True, slots=True)
class FlagsType:
    """A flag word with its bits."""

    bits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A kernel object; `variant` as declared, or the default of its kind."""

    kind: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """A parameter without a value as the size of an array: any integer from `low` on."""

    name: str
    low: int

    @property
    def var(self) -> Var:
        """The parameter as an expression."""
        return Var(self.name, IntSort(self.low, INT_MAX))


Size = int | Extent


@dataclass(frozen=True, slots=True)
class ArrayType:
    """`size` elements."""

    element: Type
    size: Size


@dataclass(frozen=True, slots=True)
class ThreadSetType:
    """The instances of a thread template or process, not yet indexed."""

    template: str


Type = (
    VoidType
    | BoolType
    | IntType
    | EnumType
    | PointerType
    | TaskType
    | NullType
    | DeadlineType
    | StructType
    | FlagsType
    | ObjectType
    | ArrayType
    | ThreadSetType
)

VOID, BOOLEAN, INTEGER, TASK, NULL = VoidType(), BoolType(), IntType(), TaskType(), NullType()
DEADLINE = DeadlineType()


def show_type(kind: Type) -> str:
    """A type in the words of the language, for messages."""
    match kind:
        case VoidType():
            return "no value"
        case BoolType():
            return "a bool"
        case IntType(lo=lo, hi=hi):
            return "an int" if (lo, hi) == (INT_MIN, INT_MAX) else f"an int in {lo}..{hi}"
        case EnumType(name=name):
            return f"a value of enum {name}"
        case PointerType(struct=struct):
            return f"a reference to {struct}"
        case TaskType():
            return "a reference to a thread"
        case NullType():
            return "NULL"
        case DeadlineType():
            return "a deadline"
        case StructType(name=name):
            return f"an object of struct {name}"
        case FlagsType():
            return "a flag word"
        case ObjectType(kind=what):
            return f"an object of kind {what}"
        case ArrayType(element=element, size=size):
            return f"an array of {show_size(size)}: {show_type(element)}"
        case ThreadSetType(template=template):
            return f"the threads {template}"


def show_size(size: Size) -> str:
    """A size in the words of the model."""
    return size.name if isinstance(size, Extent) else str(size)


def fits(found: Type, wanted: Type) -> bool:
    """Whether a value of type `found` may stand where `wanted` is expected."""
    match wanted:
        case IntType():
            return isinstance(found, IntType)
        case PointerType() | TaskType():
            return found == wanted or isinstance(found, NullType)
        case _:
            return found == wanted


def is_value(kind: Type) -> bool:
    """Whether variables and locals may have this type."""
    return isinstance(kind, BoolType | IntType | EnumType | PointerType | TaskType | NullType | DeadlineType)


@dataclass(frozen=True, slots=True)
class Referents:
    """What references may point to: object names of each struct, and thread names."""

    objects: tuple[tuple[str, tuple[str, ...]], ...]
    threads: tuple[str, ...]
    extents: tuple[tuple[str, Extent], ...] = ()  # of structs whose objects are counted by a parameter without a value

    def of(self, struct: str) -> tuple[str, ...]:
        """Names of the objects of a struct, in order."""
        return dict(self.objects).get(struct, ())

    def extent(self, struct: str) -> Extent | None:
        """The size of the one array that holds the objects of a struct, if that has no value; names are of one unit."""
        return dict(self.extents).get(struct)


def sort_of(kind: Type, referents: Referents) -> Scalar:
    """Sort of the values of a type."""
    match kind:
        case BoolType():
            return BOOL
        case IntType(lo=lo, hi=hi):
            return IntSort(lo, hi)
        case EnumType(name=name, members=members):
            return EnumSort(name, members)
        case PointerType(struct=struct) if referents.extent(struct) is not None:
            return IntSort(0, INT_MAX)
        case PointerType(struct=struct):
            return EnumSort(f"{struct} *", ("NULL", *(f"&{n}" for n in referents.of(struct))))
        case TaskType() | NullType():
            return EnumSort("task *", ("NULL", *referents.threads))
        case DeadlineType():
            return TICKS
        case _:
            raise AssertionError(kind)
