"""One obligation while it is written: its lines, the definitions that they need, and facts about its quantifiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from oomcheck.ir.expr import Quantifier
from oomcheck.ir.system import TransitionSystem
from oomcheck.smt import smtlib
from oomcheck.smt.smtlib import Closed, Writer

MAX_INSTANCES: Final = 300  # ground instances of quantified conditions that one obligation is given
MAX_WITNESSES: Final = 30
MAX_NESTING: Final = 4  # quantifiers in each other that are looked into
Frame = Mapping[str, tuple[str, ...]]  # the slots of each variable


class Sheet:
    """One obligation while it is written: lines, and fresh definitions of its own."""

    def __init__(self, system: TransitionSystem) -> None:
        self._system = system
        self._writers: list[tuple[Writer, int]] = []  # with the number of definitions that are written already
        self.lines: list[str] = []

    @property
    def writers(self) -> list[Writer]:
        """What writes its expressions."""
        return [writer for writer, _ in self._writers]

    def writer(self, cells: Frame, prefix: str) -> Writer:
        """Expressions over a frame; names of definitions begin with the prefix."""
        found = Writer(self._system.variables, cells, prefix)
        self._writers.append((found, 0))
        return found

    def add(self, *lines: str) -> None:
        """Lines, after the definitions that they may need."""
        for number, (writer, done) in enumerate(self._writers):
            self.lines += writer.definitions[done:]
            self._writers[number] = writer, len(writer.definitions)
        self.lines += lines

    def instances(self, shared: Iterable[Writer] = ()) -> None:
        """Ground facts about quantified conditions: a witness for each that chooses a value, instances of the others.

        All are valid, so they change no answer; they are there because solvers guess them badly. The instances are
        those at the indices that occur, and at the witnesses.
        """
        pairs = [(writer, writer.copy(f"{writer.prefix}here")) for writer in shared]
        pairs += [(writer, writer) for writer in self.writers]
        self._writers += [(copy, 0) for writer, copy in pairs if copy is not writer]
        values: dict[str, None] = {}
        for writer, _ in pairs:
            values |= writer.positions
        witnessed: set[str] = set()
        done: set[tuple[str, str]] = set()
        for _ in range(MAX_NESTING):
            found = [(copy, closed) for writer, copy in pairs for closed in writer.quantified]
            found += [(copy, closed) for writer, copy in pairs if copy is not writer for closed in copy.quantified]
            for writer, closed in found:
                if Quantifier.EXISTS in writer.acts(closed) and closed.name not in witnessed:
                    self._witness(writer, closed, witnessed, values)
            for writer, closed in found:
                if Quantifier.FORALL in writer.acts(closed):
                    for value in tuple(values):
                        self._instance(writer, closed, value, done)

    def _witness(self, writer: Writer, closed: Closed, witnessed: set[str], values: dict[str, None]) -> None:
        if len(witnessed) < MAX_WITNESSES:
            witnessed.add(closed.name)
            witness = smtlib.quoted(f"?{len(witnessed)}")
            values[witness] = None
            self.add(f"(declare-const {witness} Int)")
            fact = writer.instance(closed, witness)
            self.add(f"(assert {_witness_fact(closed, fact)})")

    def _instance(self, writer: Writer, closed: Closed, value: str, done: set[tuple[str, str]]) -> None:
        if (closed.name, value) not in done and len(done) < MAX_INSTANCES:
            done.add((closed.name, value))
            fact = writer.instance(closed, value)
            self.add(f"(assert {_instance_fact(closed, fact)})")


def _witness_fact(closed: Closed, fact: str) -> str:
    """If the condition fails for some value (holds for some, if it is an `exists`), then for the witness."""
    return f"(=> {fact} {closed.name})" if closed.expr.kind is Quantifier.FORALL else f"(=> {closed.name} {fact})"


def _instance_fact(closed: Closed, fact: str) -> str:
    return f"(=> {closed.name} {fact})" if closed.expr.kind is Quantifier.FORALL else f"(=> {fact} {closed.name})"
