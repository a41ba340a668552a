"""The closed table of kernel objects and operations."""

from __future__ import annotations

from typing import Final

from oomcheck.objects.atomic import ATOMIC
from oomcheck.objects.base import ObjectKind, Operation
from oomcheck.objects.clock import CLOCK_OPERATIONS
from oomcheck.objects.completion import COMPLETION
from oomcheck.objects.flags import FLAG_OPERATIONS
from oomcheck.objects.freezer import FREEZER, FREEZER_OPERATIONS
from oomcheck.objects.mutex import MUTEX
from oomcheck.objects.rcu import RCU
from oomcheck.objects.refcount import REFCOUNT
from oomcheck.objects.rwsem import RWSEM
from oomcheck.objects.signals import SIGNAL_OPERATIONS
from oomcheck.objects.spinlock import SPINLOCK
from oomcheck.objects.task import TASK_OPERATIONS
from oomcheck.objects.timer import TIMER
from oomcheck.objects.variable import MEMORY_OPERATIONS, THREAD_OPERATIONS, VARIABLE_OPERATIONS
from oomcheck.objects.waitqueue import WAITQUEUE

KINDS: Final[dict[str, ObjectKind]] = {
    kind.name: kind for kind in (RWSEM, SPINLOCK, MUTEX, RCU, REFCOUNT, ATOMIC, WAITQUEUE, COMPLETION, TIMER, FREEZER)
}

OPERATIONS: Final[dict[str, Operation]] = {
    operation.name: operation
    for operations in (
        *(kind.operations for kind in KINDS.values()),
        FLAG_OPERATIONS,
        TASK_OPERATIONS,
        SIGNAL_OPERATIONS,
        FREEZER_OPERATIONS,
        VARIABLE_OPERATIONS,
        MEMORY_OPERATIONS,
        THREAD_OPERATIONS,
        CLOCK_OPERATIONS,
    )
    for operation in operations
}
