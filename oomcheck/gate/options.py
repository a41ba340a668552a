"""How a gate is run, and what it tells while it runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits

_log = logging.getLogger(__name__)

#: States of one search unless somebody says otherwise; ten times what the largest model of the repository has.
MAX_STATES: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a gate stands: specs that are done, all specs, and the names of those that are being checked."""

    done: int
    total: int
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What to check and how. `select` and `exclude` are globs as for `check`, over the properties of all specs.

    `limits` hold for each search of its own, the time for each spec. `jobs` is how many specs are checked at once,
    0 for one on each core. `should_stop` gives the reason to stop, "" to go on.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limits: Limits = Limits(MAX_STATES)
    engine: str = "auto"
    rlimit: int | None = None
    include: tuple[Path, ...] = ()
    quick: bool = False
    jobs: int = 0
    cached: bool = True  # whether what earlier runs found may be used and kept
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    should_stop: Callable[[], str] | None = None
    progress: Callable[[Standing], None] | None = None
    tell: Callable[[str], None] = _log.warning  # hears of what makes searches slower

    @property
    def workers(self) -> int:
        """How many specs are checked at once."""
        return self.jobs or len(os.sched_getaffinity(0))
