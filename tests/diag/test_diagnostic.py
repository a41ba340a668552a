"""Errors as values that go from one process to another."""

from __future__ import annotations

import pickle

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.diag.span import Source, Span


def test_errors_are_copied() -> None:
    """A process that works for another one hands it the errors whole."""
    source = Source("m.oom", "model m;\n")
    found = OomcheckError([Diagnostic("E0201", "`x` is not declared", Span(source, 0, 5), "say what x is")])
    copied = pickle.loads(pickle.dumps(found))
    assert isinstance(copied, OomcheckError)
    assert (copied.diagnostics, str(copied)) == (found.diagnostics, str(found))
