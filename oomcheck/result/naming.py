"""Names of files for what belongs to a result."""

from __future__ import annotations

import hashlib
import re
from typing import Final

LONGEST_NAME: Final = 200  # file systems allow 255 bytes


def safe_name(identity: str) -> str:
    """An identity as a path below the output folder: only letters, digits and a few signs, no part too long."""
    plain = re.sub(r"[^A-Za-z0-9_./=,-]", "_", identity).replace("..", "_").lstrip("/")
    return "/".join(_short(part) for part in plain.split("/"))


def _short(part: str) -> str:
    if len(part) <= LONGEST_NAME:
        return part
    return f"{part[: LONGEST_NAME - 9]}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"
