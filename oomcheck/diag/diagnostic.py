"""What a user is told: a code, a message, a place, notes and a hint."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from oomcheck.diag.codes import CODES
from oomcheck.diag.span import Span
from oomcheck.records import dataclass


class Severity(Enum):
    """How bad a diagnostic is; only errors stop a run."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message about the user's input; `code` is listed in `codes.py`."""

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    notes: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        assert self.code in CODES, self.code


class OomcheckError(Exception):
    """One or more errors in the user's input; a phase raises it once, at its end."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[OomcheckError], tuple[tuple[Diagnostic, ...]]]:
        """For processes that work for another one: an exception is copied by its arguments, which are the errors."""
        return type(self), (self.diagnostics,)


def error(code: str, message: str, span: Span | None = None, hint: str = "") -> OomcheckError:
    """An exception that carries a single error."""
    return OomcheckError([Diagnostic(code, message, span, hint)])
