"""The machine and the versions that figures belong to; no names of hosts or folders."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from tests.bench import rumur, spin, tlc
from tests.bench.ours import Tool


def describe(tool: Tool) -> tuple[tuple[str, str], ...]:
    """What it is called, and what it is."""
    facts = [
        ("processor", f"{processor(_text('/proc/cpuinfo'))}, {os.cpu_count()} logical CPUs"),
        ("memory", f"{memory(_text('/proc/meminfo')):.1f} GiB"),
        ("load when it began", f"{os.getloadavg()[0]:.1f}"),
        ("kernel", f"{platform.system()} {version(platform.release())}"),
        ("transparent huge pages", chosen(_text("/sys/kernel/mm/transparent_hugepage/enabled"))),
        ("Python", platform.python_version()),
        ("oomcheck", _says(tool.program, "--version")),
        ("gcc", _says("gcc", "--version")),
    ]
    facts += [("SPIN", _says("spin", "-V"))] if spin.available() else []
    facts += [("rumur", _says("rumur", "--version"))] if rumur.available() else []
    facts += [("Java", _says("java", "-version"))] if tlc.available() else []
    return tuple(facts)


def version(text: str) -> str:
    """The numbers that a text begins with: what follows in a kernel's release is a name of whoever built it."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return found.group() if found else "unknown"


def processor(text: str) -> str:
    """The model's name in the text of /proc/cpuinfo."""
    found = re.search(r"^(?:model name|Processor|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def memory(text: str) -> float:
    """The machine's memory in GiB from the text of /proc/meminfo; 0 if it is not there."""
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) / 2**20 if found else 0.0


def chosen(text: str) -> str:
    """The word in brackets of a setting of the kernel."""
    found = re.search(r"\[(\w+)\]", text)
    return found.group(1) if found else "unknown"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def _says(*command: str) -> str:
    """The first line that a program prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return "not found"
    return ((done.stdout or done.stderr).strip().splitlines() or ["unknown"])[0]
