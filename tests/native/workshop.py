"""One workshop for all tests of a process: compilers are probed once, and models with the same text built once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from oomcheck.ir.system import TransitionSystem
from oomcheck.native.binding import Loaded
from oomcheck.native.build import Site, Workshop, core_unit, model_unit
from oomcheck.native.build import build as build_unit
from oomcheck.native.cache import open_cache
from oomcheck.native.compiler import Compiler, Kind, ladder
from oomcheck.native.engine import Tuning, explore
from oomcheck.prop.property import Property
from oomcheck.result.exploration import Exploration, Limits
from oomcheck.smaller import made_smaller, tuning_of
from oomcheck.ways import Ways

SITE = Site(open_cache(os.environ), os.environ)


@cache
def _workshop() -> Workshop:
    return Workshop(SITE)


@cache
def _quick_compiler() -> Compiler | None:
    """The one that takes a few milliseconds for a model, where a random test needs thousands of them."""
    return next((compiler for compiler in ladder(os.environ, SITE.cache) if compiler.kind is Kind.TCC), None)


def quick() -> Compiler:
    """The compiler for small pieces of C."""
    return _quick_compiler() or next(compiler for compiler in ladder(os.environ, SITE.cache))


def build(words: int, text: str) -> Loaded:
    """The core and a model, loaded; the model is compiled by tcc if there is one."""
    quick = _quick_compiler()
    if quick is None:
        made = _workshop().libraries(words, text)
        return Loaded(made.core, made.model)
    return Loaded(_core(words), build_unit(model_unit(text), quick, SITE))


@cache
def _core(words: int) -> Path:
    compiler = next(compiler for compiler in ladder(os.environ, SITE.cache) if compiler.kind is Kind.GCC)
    return build_unit(core_unit(words), compiler, SITE)


class Native:
    """The native engine on some number of threads, with or without partial-order reduction and step fusion."""

    def __init__(self, threads: int, order: bool = False, fuse: bool = False) -> None:
        self._tuning = Tuning(threads, order=order, fuse=fuse)

    def __call__(self, system: TransitionSystem, properties: Sequence[Property], limits: Limits) -> Exploration:
        """The search itself."""
        return explore(system, properties, limits, build, self._tuning)


def explore_in_ways(system: TransitionSystem, properties: Sequence[Property], ways: Ways) -> Exploration:
    """As `explicit` does it: made smaller first, then searched natively."""
    smaller = made_smaller(system, properties, ways)
    tuning = tuning_of(smaller, ways, Limits())
    found = explore(smaller.system, smaller.properties, Limits(), build, tuning, real=system)
    return replace(found, reductions=(*smaller.reductions, *found.reductions))
