"""Tables of wrong inputs with what is printed about them: text files that `--update-golden` rewrites.

A section starts with `=== TITLE`; parts start with `--- NAME` and hold a file, or what is expected. A part `body` is
the body of a thread in a small model, `model` and `spec` are declarations below a header; all others are whole files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

WRAPPED = {
    "model": ("m.oom", "model m;\n", ""),
    "body": ("m.oom", "model m;\nint 0..9 x;\nthread t {\n", "}\n"),
    "spec": ("m.oomspec", 'spec for "m.oom";\n', ""),
}


@dataclass
class Case:
    """One section: its parts in order, the last of them being what is expected."""

    title: str
    parts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def files(self) -> dict[str, str]:
        """The files to write, by their names."""
        files = {}
        for name, text in self.parts:
            if not name.startswith("expected"):
                target, head, tail = WRAPPED.get(name, (name, "", ""))
                files[target] = head + text + tail
        return files

    @property
    def arguments(self) -> list[str]:
        """The command line; by default `check` with the model and the spec."""
        for name, text in self.parts:
            if name == "arguments":
                return text.split()
        return ["check", *(name for name in ("m.oom", "m.oomspec") if name in self.files)]

    @property
    def expected(self) -> str:
        """What is to be printed."""
        return next((text for name, text in self.parts if name == "expected"), "")


def read(path: Path) -> list[Case]:
    """All sections of a table."""
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("=== "):
            cases.append(Case(line[4:].strip()))
        elif line.startswith("--- "):
            cases[-1].parts.append((line[4:].strip(), ""))
        elif cases and cases[-1].parts:
            name, text = cases[-1].parts[-1]
            cases[-1].parts[-1] = (name, text + line)
    return cases


def write(path: Path, cases: list[Case]) -> None:
    """The table as a file."""
    lines = []
    for case in cases:
        lines.append(f"=== {case.title}\n")
        for name, text in case.parts:
            lines += [f"--- {name}\n", text]
    path.write_text("".join(lines), encoding="utf-8")
