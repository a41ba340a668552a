"""State that never changes or is never looked at: hidden variables that the model does not need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from oomcheck.ir.expr import Expr, Index, Lit, Var
from oomcheck.ir.sorts import scalar_of
from oomcheck.ir.system import Access, Fault, Role, StateVar, Transition, Update
from oomcheck.ir.walk import rewrite, variables


class Constants:
    """Folds hidden variables that no step writes, and drops registers that no step reads.

    Only variables that the user did not declare are touched: the built-in fields
    of tasks, insides of kernel objects, temporaries and written-bits.
    """

    def __init__(self, known: Iterable[StateVar], transitions: Iterable[Transition]) -> None:
        self._known = {v.name: v for v in known}
        written = {_name(u) for t in transitions for u in t.updates}
        self._fixed = {
            name: v for name, v in self._known.items() if name not in written and hidden(v) and len(set(v.init)) == 1
        }

    def fold(self, expr: Expr) -> Expr:
        """`expr` with the values of what never changes."""
        return rewrite(expr, self._leaf) if self._fixed else expr

    def _leaf(self, leaf: Lit | Var | Index) -> Expr:
        if isinstance(leaf, Var) and leaf.name in self._fixed:
            return Lit(self._fixed[leaf.name].init[0], scalar_of(leaf.sort))
        if isinstance(leaf, Index) and leaf.array.name in self._fixed:
            init = self._fixed[leaf.array.name].init
            sort = scalar_of(leaf.array.sort)
            return Lit(init[0], sort)
        return leaf

    def transition(self, transition: Transition) -> Transition:
        """A transition with constants folded."""
        updates = tuple(Update(self._target(u.target), self.fold(u.value)) for u in transition.updates)
        actions = tuple(
            a if a.result is None else replace(a, result=(self.fold(a.result[0]), a.result[1]))
            for a in transition.actions
        )
        acquire = None if transition.acquire is None else self.fold(transition.acquire)
        return replace(transition, guard=self.fold(transition.guard), updates=updates, actions=actions, acquire=acquire)

    def _target(self, target: Var | Index) -> Var | Index:
        return Index(target.array, self.fold(target.index)) if isinstance(target, Index) else target

    def kept(self, transitions: list[Transition], faults: list[Fault]) -> set[str]:
        """Names of the variables that the system needs."""
        read: set[str] = set()
        for fault in faults:
            read |= variables(fault.guard)
        for t in transitions:
            read |= variables(t.guard)
            for update in t.updates:
                if not self._register(_name(update)):
                    read |= variables(update.value)
                if isinstance(update.target, Index):
                    read |= variables(update.target.index)
            for access in t.accesses:
                read |= _access_reads(access)
            read |= variables(t.acquire) if t.acquire is not None else set()
        self._close(read, transitions)
        return {
            name
            for name, v in self._known.items()
            if (name in read or not self._register(name)) and name not in self._fixed
        }

    def _close(self, read: set[str], transitions: list[Transition]) -> None:
        """Registers that are read to compute registers that are read."""
        changed = True
        while changed:
            changed = False
            for t in transitions:
                for update in t.updates:
                    if self._register(_name(update)) and _name(update) in read:
                        new = variables(update.value) - read
                        if new:
                            read |= new
                            changed = True

    def _register(self, name: str) -> bool:
        variable = self._known.get(name)
        return variable is not None and variable.role is Role.LOCAL and (".$" in name or "?" in name)

    def without_dead(self, transition: Transition, kept: set[str]) -> Transition:
        """A transition without updates of dropped variables and without steps that a constant forbids."""
        return replace(transition, updates=tuple(u for u in transition.updates if _name(u) in kept))


def hidden(variable: StateVar) -> bool:
    """Whether the user did not declare this variable as such."""
    if variable.role is Role.PC:
        return False
    if variable.role is Role.LOCAL:
        return ".$" in variable.name or "?" in variable.name
    return variable.quiet or variable.name.endswith("$alive") or variable.name.startswith(("rcu.", "$"))


def _name(update: Update) -> str:
    return update.target.array.name if isinstance(update.target, Index) else update.target.name


def _access_reads(access: Access) -> frozenset[str]:
    return variables(access.place.index) if isinstance(access.place, Index) else frozenset()
