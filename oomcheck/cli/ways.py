"""Flags that say how an explicit search is made."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.settings import BadValueError, Settings, parse_count, parse_size
from oomcheck.ways import ALL, TITLES, Lossy, Reduction, Ways

LEAST_TABLE = 64  # bytes of a lossy table


def add_ways(parser: argparse.ArgumentParser) -> None:
    """-j, reductions, lossy searches, disk."""
    group = parser.add_argument_group("search")
    group.add_argument("-j", "--jobs", metavar="N", help="threads of a search (default: one for each core)")
    group.add_argument("--no-reduction", action="store_true", help="search the model as it is: exact counts")
    for reduction in Reduction:
        group.add_argument(
            f"--no-{reduction.value}",
            dest="not_reduced",
            action="append_const",
            const=reduction,
            default=[],
            help=f"no {TITLES[reduction]}",
        )
    group.add_argument(
        "--reduce",
        metavar="NAMES",
        help=f"these reductions and no others, refused where one is unsound: {', '.join(r.value for r in Reduction)}",
    )
    group.add_argument(
        "--bitstate",
        metavar="SIZE",
        nargs="?",
        const="",
        help="search with an array of bits in SIZE bytes (256M): finds errors, proves nothing",
    )
    group.add_argument(
        "--hash-compact",
        metavar="SIZE",
        nargs="?",
        const="",
        help="search with 40-bit hashes in SIZE bytes (256M): finds errors, proves nothing",
    )
    group.add_argument(
        "--swarm", metavar="N", help="N random bitstate searches on all cores; the size is then that of each (128M)"
    )
    group.add_argument("--seed", metavar="N", help="decides hash functions and orders of lossy searches (default 1)")
    group.add_argument("--spill", metavar="DIR", type=Path, help="keep the states in a file below DIR, not in memory")
    group.add_argument("--resume", metavar="DIR", type=Path, help="go on with the search that was spilled to DIR")


def ways_of(args: argparse.Namespace, settings: Settings) -> Ways:
    """What the flags say; E0003 if they do not fit together."""
    demanded = _demanded(args)
    reductions = demanded or (frozenset() if args.no_reduction else ALL - frozenset(args.not_reduced))
    if args.spill is not None and args.resume is not None:
        raise error("E0003", "--spill and --resume exclude each other", None, "--resume goes on where it was spilled")
    lossy = _lossy(args)
    if lossy is not None and (args.spill is not None or args.resume is not None):
        raise error("E0003", "a lossy search keeps no states that could be spilled")
    return Ways(
        settings.jobs or len(os.sched_getaffinity(0)),
        reductions,
        demanded,
        lossy,
        args.spill if args.resume is None else args.resume,
        args.resume is not None,
    )


def _demanded(args: argparse.Namespace) -> frozenset[Reduction]:
    if args.reduce is None:
        return frozenset()
    if args.no_reduction or args.not_reduced:
        raise error("E0003", "--reduce says which reductions there are; the flags with --no- say so too")
    names = {reduction.value: reduction for reduction in Reduction}
    found = frozenset(names[name] for name in args.reduce.split(",") if name in names)
    unknown = [name for name in args.reduce.split(",") if name not in names]
    if unknown:
        raise error(
            "E0003", f"--reduce: there is no reduction `{unknown[0]:.60}`", None, f"there are {', '.join(names)}"
        )
    if Reduction.FUSION in found and Reduction.ORDER not in found:
        raise error("E0003", "--reduce fusion needs order: it passes through states that have one step left")
    return found


def _lossy(args: argparse.Namespace) -> Lossy | None:
    if args.bitstate is not None and args.hash_compact is not None:
        raise error("E0003", "--bitstate and --hash-compact exclude each other")
    swarm = 0 if args.swarm is None else _number("--swarm", args.swarm)
    seed = 1 if args.seed is None else _number("--seed", args.seed)
    if args.swarm is not None and args.hash_compact is not None:
        raise error("E0003", "a swarm is made of bitstate searches; --hash-compact does not fit")
    text = args.bitstate if args.hash_compact is None else args.hash_compact
    if text is None and not swarm:
        if args.seed is not None:
            raise error("E0003", "--seed is for lossy searches", None, "with --bitstate, --hash-compact or --swarm")
        return None
    flag = "--bitstate" if args.hash_compact is None else "--hash-compact"
    return Lossy(args.hash_compact is None, _size(flag, text) if text else None, swarm, seed)


def _number(flag: str, text: str) -> int:
    try:
        return parse_count(text)
    except BadValueError as problem:
        raise error("E0003", f"{flag}: {problem}") from problem


def _size(flag: str, text: str) -> int:
    try:
        size = parse_size(text)
    except BadValueError as problem:
        hint = f"the size goes into the same word: {flag}=SIZE"
        raise error("E0003", f"{flag}: {problem}", None, hint) from problem
    if size < LEAST_TABLE:
        raise error("E0003", f"{flag}: at least {LEAST_TABLE} bytes, found {size}")
    return size
