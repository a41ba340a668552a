"""oomcheck: a model checker for races around the Linux OOM killer.

import oomcheck

model = oomcheck.load("models/oom_v6_17.oom", NVMA=2)
report = oomcheck.check("models/oom_v6_17.oom", spec="specs/premature_skip.oomspec")
for result in report.results:
    print(result.identity, oomcheck.word(result.verdict).title)
"""

from __future__ import annotations

from oomcheck.api import Model, check, load
from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Report, Result, Verdict, Word, exit_code, trace_of, word
from oomcheck.version import VERSION

__version__ = VERSION

__all__ = [
    "Diagnostic",
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
    "load",
    "trace_of",
    "word",
]
