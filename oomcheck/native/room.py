"""How much memory a search may take: the limit that was given, else what the machine has to spare."""

from __future__ import annotations

import os
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

from oomcheck.records import dataclass
from oomcheck.semantics.budget import resident_memory

SPARE = 0.9  # share of the available memory that a search takes before it gives up
LOG_SHARE = 4  # address space for the log, in sizes of the machine's memory: files can be larger than memory
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that the search may have, and what is to be said when they do not suffice."""

    amount: int
    reason: str


def most_bytes(limit: int | None) -> Room:
    """Room below `limit` bytes of resident memory of the whole process, or in what the machine has left."""
    own = resident_memory()
    left = int(available_memory() * SPARE)
    if limit is None or limit - own > left:
        return Room(max(left, 1), f"memory of this machine: {left // 2**20} MiB were available")
    return Room(max(limit - own, 1), f"memory limit {limit / 2**20:g} MiB")


def available_memory(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = CGROUP) -> int:
    """Bytes that can be taken without swapping and within the control group."""
    free = _machine(meminfo)
    limit, used = (_number(cgroup / name) for name in ("memory.max", "memory.current"))
    return free if limit is None or used is None else max(min(free, limit - used), 0)


def _machine(meminfo: Path) -> int:
    for line in meminfo.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None  # no control group, or not of this version
    return int(text) if text.isdigit() else None


def machine_memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def log_space() -> int:
    """Address space to reserve for the log, in bytes; a limit of the system leaves half of it to the rest."""
    limit, _ = getrlimit(RLIMIT_AS)
    space = LOG_SHARE * machine_memory()
    return space if limit == RLIM_INFINITY else min(space, limit // 2)
