"""Traces from witnesses, each re-checked by the reference semantics before anybody sees it."""

from oomcheck.evidence.build import EvidenceError, Subject, build_trace
from oomcheck.evidence.runs import why
from oomcheck.evidence.shown import facts, step_text, values
from oomcheck.evidence.timeline import lasting, truths

__all__ = ["EvidenceError", "Subject", "build_trace", "facts", "lasting", "step_text", "truths", "values", "why"]
