"""The native partial-order reduction makes the choices of `choose`, and a reduced search has the answers of the full."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from oomcheck.analysis.ample import Ample, Situation, choose
from oomcheck.analysis.facts import order_refusal
from oomcheck.ir.expr import Var, add, binary
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import IntSort
from oomcheck.ir.system import State, TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.native.binding import Loaded, Search, SearchOptions, Status, Target
from oomcheck.native.emit import Emitted, emit
from oomcheck.native.engine import Tuning, core_for, explore
from oomcheck.native.fused import Passing
from oomcheck.native.items import items_of
from oomcheck.native.reduce import ample_for
from oomcheck.prop.property import SANITIZERS, Kind, Part, Property, sanitizer
from oomcheck.prop.temporal import Temporal
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.semantics import search as reference
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.paths import Mismatch, replay
from oomcheck.semantics.successors import apply, enabled
from tests import strategies, toys
from tests.analysis.loose import questions
from tests.analysis.reduced import Search as Readable
from tests.native.workshop import Native, build
from tests.test_corpus import Params, cases
