"""How long each spec took the last time, so that the longest begin first. Nothing but the order depends on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from oomcheck.cachedir import publish, read_private

NAME: Final = "times.json"
#: Specs that are remembered; of more, those that were run last.
MOST: Final = 10_000
#: Seconds that a spec is expected to take that was never seen: it may be the longest of all.
UNSEEN: Final = float("inf")


def load_times(folder: Path) -> dict[str, float]:
    """Seconds by the real path of a spec; nothing where the file is missing or is none of ours."""
    with suppress(ValueError, RecursionError):
        found = json.loads(read_private(folder / NAME) or b"")
        if isinstance(found, dict):
            return {
                path: float(seconds)
                for path, seconds in found.items()
                if isinstance(seconds, int | float) and not isinstance(seconds, bool)
            }
    return {}


def save_times(folder: Path, known: Mapping[str, float], fresh: Mapping[str, float]) -> None:
    """Remember what this run took, beside what earlier ones did."""
    merged = {**{path: seconds for path, seconds in known.items() if path not in fresh}, **fresh}
    publish(folder / NAME, json.dumps(dict(list(merged.items())[-MOST:])).encode())
