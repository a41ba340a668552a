"""Systems made smaller before they are searched, and lossy searches as the engine takes them."""

from __future__ import annotations

from collections.abc import Sequence

from oomcheck.analysis.facts import order_refusal
from oomcheck.analysis.symmetry import refusal
from oomcheck.diag.diagnostic import error
from oomcheck.ir.system import TransitionSystem
from oomcheck.native.engine import Tuning
from oomcheck.native.lossy import DEFAULT_SIZE, DEFAULT_STACK, LossyOptions
from oomcheck.native.lossy_core import Bitstate, HashCompact
from oomcheck.native.lossy_engine import Lossy as LossyMode
from oomcheck.native.lossy_swarm import DEFAULT_SIZE as SWARM_SIZE
from oomcheck.native.lossy_swarm import Swarm
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits
from oomcheck.transform.narrow import narrowed
from oomcheck.transform.reset import reset
from oomcheck.transform.slice import sliced
from oomcheck.ways import TITLES, Lossy, Reduction, Ways


@dataclass(frozen=True, slots=True)
class Smaller:
    """A system and properties with the same paths and answers, and the reductions that had something to do."""

    system: TransitionSystem
    properties: tuple[Property, ...]
    reductions: tuple[str, ...]


def made_smaller(system: TransitionSystem, properties: Sequence[Property], ways: Ways) -> Smaller:
    """Leave out what influences nothing that is asked, and forget what nobody reads any more.

    Narrowing, which comes first, is no reduction: it gives the same states in fewer bits.
    """
    done = []
    narrow = narrowed(system, properties)
    system, asked = narrow.system, narrow.properties
    if Reduction.SLICE in ways.reductions:
        found = sliced(system, asked)
        if found.gone:
            done.append(TITLES[Reduction.SLICE])
        system, asked = found.system, found.properties
    if Reduction.RESET in ways.reductions:
        found = reset(system, asked)
        pairs = zip(system.transitions, found.system.transitions, strict=True)
        if any(len(old.updates) < len(new.updates) for old, new in pairs):
            done.append(TITLES[Reduction.RESET])
        system, asked = found.system, found.properties
    return Smaller(system, asked, tuple(done))


def tuning_of(smaller: Smaller, ways: Ways, limits: Limits) -> Tuning:
    """How the engine searches: the reductions that keep all verdicts.

    Alike threads may differ in what the reduction by order does first, so these two exclude each other. Raises
    OomcheckError E0508 if a demanded one is unsound.
    """
    wants_order, wants_fold = (kind in ways.reductions for kind in (Reduction.ORDER, Reduction.SYMMETRY))
    why = order_refusal(smaller.system, smaller.properties, limits) if wants_order else ""
    if why and Reduction.ORDER in ways.demanded:
        raise error("E0508", f"partial order is refused: {why}")
    if {Reduction.ORDER, Reduction.SYMMETRY} <= ways.demanded:
        raise error(
            "E0508", "symmetry is refused together with partial order, which may treat alike threads differently"
        )
    unlike = refusal(smaller.properties) if wants_fold else ""
    if unlike and Reduction.SYMMETRY in ways.demanded:
        raise error("E0508", f"symmetry is refused: {unlike}")
    order = wants_order and not why
    fold = wants_fold and not unlike and not order
    return Tuning(ways.threads, order=order, fuse=Reduction.FUSION in ways.reductions, fold=fold)


def lossy_mode(lossy: Lossy, threads: int) -> LossyMode:
    """A lossy search in the terms of the engine."""
    size = lossy.size or (SWARM_SIZE if lossy.swarm else DEFAULT_SIZE)
    table = Bitstate(size) if lossy.bits else HashCompact(size)
    swarm = Swarm(lossy.swarm, threads) if lossy.swarm else None
    return LossyMode(LossyOptions(table, DEFAULT_STACK, lossy.seed), swarm)
