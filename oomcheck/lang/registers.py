"""Locals, written-bits and temporary registers of one thread, and their names."""

from __future__ import annotations

from oomcheck.ir.expr import Var
from oomcheck.ir.sorts import BOOL, BoolSort, EnumSort, IntSort, Scalar, bounds
from oomcheck.ir.system import Role, StateVar
from oomcheck.lang import model as m
from oomcheck.lang.types import DeadlineType
from oomcheck.objects.base import TICKS


class Registers:
    """Hands out the variables of a thread; each exists once however often its function is expanded."""

    def __init__(self, thread: str, process: int, shown: frozenset[m.LocalVar]) -> None:
        self._thread = thread
        self._process = process
        self._shown = shown  # locals of the thread itself; those of functions would drown a trace
        self.variables: dict[str, StateVar] = {}
        self._locals: dict[m.LocalVar, Var] = {}
        self._written: dict[m.LocalVar, Var] = {}
        self._stack: list[Var] = []
        self.temps: set[str] = set()
        self.bits: set[str] = set()

    def _declare(self, name: str, sort: Scalar, shown: str, quiet: bool, countdown: bool = False) -> Var:
        low, high = bounds(sort)
        init = min(max(0, low), high)
        variable = StateVar(name, sort, (init,), Role.LOCAL, (shown,), self._process, quiet, countdown)
        self.variables[name] = variable
        return variable.var

    def local(self, local: m.LocalVar, sort: Scalar) -> Var:
        """The variable of a local."""
        if local not in self._locals:
            base = f"{self._thread}.{local.name}"
            name, count = base, 1
            while name in self.variables:
                count += 1
                name = f"{base}'{count}"
            countdown = isinstance(local.type, DeadlineType)
            quiet = countdown or local not in self._shown
            self._locals[local] = self._declare(name, sort, base, quiet, countdown)
        return self._locals[local]

    def written(self, local: m.LocalVar) -> Var:
        """The bit that tells whether a local was written."""
        if local not in self._written:
            name = f"{self._thread}.{local.name}?{len(self._written)}"
            self._written[local] = self._declare(name, BOOL, f"written({self._thread}.{local.name})", quiet=True)
            self.bits.add(name)
        return self._written[local]

    def special(self, name: str, sort: Scalar) -> Var:
        """A hidden variable of the thread."""
        return self._declare(f"{self._thread}.${name}", sort, f"{self._thread}.{name}", quiet=True)

    def countdown(self, kind: str) -> Var:
        """The ticks that the thread has left of a `pause` or a `timeout`; one for all its statements."""
        name = f"{self._thread}.${kind}"
        if name not in self.variables:
            self._declare(name, TICKS, f"{self._thread}.{kind}", quiet=True, countdown=True)
        return self.variables[name].var

    # ------------------------------------------------------------ temporaries

    @property
    def depth(self) -> int:
        """How many temporaries are in use."""
        return len(self._stack)

    def temp(self, sort: Scalar) -> Var:
        """A register above all in use."""
        name = f"{self._thread}.$t{len(self._stack)}:{_sort_name(sort)}"
        if name not in self.variables:
            self._declare(name, sort, name, quiet=True)
            self.temps.add(name)
        self._stack.append(self.variables[name].var)
        return self.variables[name].var

    def drop(self, depth: int) -> list[Var]:
        """Give back the registers above `depth`."""
        dropped = self._stack[depth:]
        del self._stack[depth:]
        return dropped


def _sort_name(sort: Scalar) -> str:
    match sort:
        case BoolSort():
            return "bool"
        case IntSort(lo=lo, hi=hi):
            return f"int{lo}..{hi}"
        case EnumSort(name=name):
            return name
