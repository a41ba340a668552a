"""oomcheck: a model checker for races around the Linux OOM killer.

import oomcheck

model = oomcheck.load("models/oom_v6_17.oom", NVMA=2)
report = oomcheck.check("models/oom_v6_17.oom", spec="specs/premature_skip.oomspec")
for result in report.results:
    print(result.identity, oomcheck.word(result.verdict).title)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from oomcheck.version import VERSION

if TYPE_CHECKING:
    from oomcheck.api import Model, check, gate, load
    from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
    from oomcheck.gate.options import GateOptions
    from oomcheck.result.gated import Gated, GateReport, gate_exit_code
    from oomcheck.result.trace import Trace
    from oomcheck.result.verdict import Report, Result, Verdict, Word, exit_code, trace_of, word

__version__ = VERSION

__all__ = [
    "Diagnostic",
    "GateOptions",
    "GateReport",
    "Gated",
    "Model",
    "OomcheckError",
    "Report",
    "Result",
    "Trace",
    "Verdict",
    "Word",
    "__version__",
    "check",
    "exit_code",
    "gate",
    "gate_exit_code",
    "load",
    "trace_of",
    "word",
]

#: Where the public names come from; they are loaded when they are asked for, as most commands need only some.
_HOMES = {
    "oomcheck.api": ("Model", "check", "gate", "load"),
    "oomcheck.diag.diagnostic": ("Diagnostic", "OomcheckError"),
    "oomcheck.gate.options": ("GateOptions",),
    "oomcheck.result.gated": ("GateReport", "Gated", "gate_exit_code"),
    "oomcheck.result.trace": ("Trace",),
    "oomcheck.result.verdict": ("Report", "Result", "Verdict", "Word", "exit_code", "trace_of", "word"),
}


class _Package(ModuleType):
    """The package; that its modules `check` and `gate` are loaded does not hide the functions of these names."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in ("check", "gate") and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
