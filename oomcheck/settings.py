"""Options of a run: command line, then environment, then [tool.oomcheck] in pyproject.toml, then defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError, error
from oomcheck.records import dataclass
from oomcheck.result.exploration import Limits

TEXT_FORMAT: Final = "text"
FORMATS: Final = (TEXT_FORMAT, "json", "junit", "ktap", "sarif", "github")
COLORS: Final = ("auto", "always", "never")
ENGINES: Final = ("auto", "explicit", "reference", "bmc", "kind", "pdr")

FILE: Final = "pyproject.toml"
PREFIX: Final = "OOMCHECK_"
LARGEST: Final = 10**18
MOST_JOBS: Final = 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that every command shares; None is no bound. Seconds and bytes."""

    max_states: int | None = None
    timeout: float | None = None
    max_memory: int | None = None
    depth: int | None = None
    format: str = "text"
    color: str = "auto"
    engine: str = "auto"
    jobs: int | None = None  # threads of a search; None: one for each core
    rlimit: int | None = None  # steps of the solver for one question

    @property
    def limits(self) -> Limits:
        """The bounds of a search."""
        return Limits(self.max_states, self.timeout, self.max_memory, self.depth)


Value = int | float | str | None


class BadValueError(Exception):
    """A setting that is not understood; says what is allowed."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place: names as in Settings, and how messages call the place and each setting."""

    values: Mapping[str, str]
    code: str
    place: str
    title: Callable[[str], str]


def resolve(cli: Mapping[str, str | None], environ: Mapping[str, str], cwd: Path) -> Settings:
    """The settings of a run in folder `cwd`; None in `cli` is an option that was not given.

    Raises E0003 for the command line and E0008 for the other places, for all wrong settings at once.
    """
    problems: list[Diagnostic] = []
    settings = Settings()
    for layer in (_project(cwd), _environment(environ), _command_line(cli)):
        settings = _apply(settings, layer, problems)
    if problems:
        raise OomcheckError(problems)
    return settings


def parse_count(text: str) -> int:
    """A count such as `20000`, `1_000_000`, `1e6`, `10k`, `2M`."""
    return _whole(text, {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}, "a count such as 20000, 1_000_000, 1e6 or 10k")


def parse_size(text: str) -> int:
    """A size in bytes such as `2G`, `512M`, `64KiB`; K, M, G and T are powers of 1024."""
    powers = {letter: 1024**power for power, letter in enumerate("kmgt", start=1)}
    units = {letter + end: factor for letter, factor in powers.items() for end in ("", "b", "ib")}
    return _whole(text, {"": 1, "b": 1, **units}, "a size such as 512M or 2G")


def parse_time(text: str) -> float:
    """A time in seconds such as `30`, `1.5s`, `5m`, `2h`."""
    seconds = float(_number(text, {"": 1, "s": 1, "m": 60, "h": 3600}, "a time such as 30, 30s, 5m or 2h"))
    if seconds == 0:
        raise BadValueError("expected a time above 0")
    return seconds


_NUMBER = re.compile(r"(\d[\d_]{0,24}(?:\.\d{1,24})?(?:e\d{1,2})?) ?([a-z]*)", re.ASCII | re.IGNORECASE)


def _number(text: str, units: Mapping[str, int], wanted: str) -> Decimal:
    match = _NUMBER.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        raise BadValueError(f"expected {wanted}, found {text!r:.60}")
    value = Decimal(match[1]) * units[match[2].lower()]
    if value > LARGEST:
        raise BadValueError(f"expected at most 10^18, found {text!r:.60}")
    return value


def _whole(text: str, units: Mapping[str, int], wanted: str, least: int = 1, most: int = LARGEST) -> int:
    value = _number(text, units, wanted)
    if value != int(value) or value < least:
        raise BadValueError(f"expected a whole number of at least {least}, found {text!r:.60}")
    if value > most:
        raise BadValueError(f"expected at most {most}, found {text!r:.60}")
    return int(value)


def _parse_depth(text: str) -> int:
    return _whole(text, {"": 1, "k": 1000}, "a number of steps such as 40", least=0)


def _optional(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """`parse`, or `none` to lift a bound that a weaker place sets."""
    return lambda text: None if text.strip().lower() == "none" else parse(text)


def _one_of(words: Sequence[str]) -> Callable[[str], Value]:
    def parse(text: str) -> str:
        if text not in words:
            raise BadValueError(f"expected {', '.join(words[:-1])} or {words[-1]}, found {text!r:.60}")
        return text

    return parse


#: How the text of each setting is read; the names are those of `Settings`.
PARSERS: Final[Mapping[str, Callable[[str], Value]]] = {
    "max_states": _optional(parse_count),
    "timeout": _optional(parse_time),
    "max_memory": _optional(parse_size),
    "depth": _optional(_parse_depth),
    "format": _one_of(FORMATS),
    "color": _one_of(COLORS),
    "engine": _one_of(ENGINES),
    "jobs": lambda text: _whole(text, {"": 1}, "a number of threads such as 4", most=MOST_JOBS),
    "rlimit": _optional(parse_count),
}


def _apply(settings: Settings, layer: Layer, problems: list[Diagnostic]) -> Settings:
    """`settings` with those of `layer` on top; what is wrong goes to `problems`."""
    for name, text in layer.values.items():
        if name not in PARSERS:
            known = ", ".join(layer.title(other) for other in PARSERS)
            problems.append(
                Diagnostic(layer.code, f"{layer.place}{layer.title(name)} is no setting; there are {known}")
            )
            continue
        try:
            settings = replace(settings, **{name: PARSERS[name](text)})  # type: ignore[arg-type]  # by name
        except BadValueError as problem:
            problems.append(Diagnostic(layer.code, f"{layer.place}{layer.title(name)}: {problem}"))
    return settings


def _command_line(cli: Mapping[str, str | None]) -> Layer:
    given = {name: text for name, text in cli.items() if text is not None}
    return Layer(given, "E0003", "", lambda name: "--" + name.replace("_", "-"))


def _environment(environ: Mapping[str, str]) -> Layer:
    given = {key.removeprefix(PREFIX).lower(): environ[key] for key in sorted(environ) if key.startswith(PREFIX)}
    return Layer(given, "E0008", "", lambda name: PREFIX + name.upper())


def _project(cwd: Path) -> Layer:
    """[tool.oomcheck] of the nearest pyproject.toml at or above `cwd`; empty if there is none."""
    path = next((folder / FILE for folder in (cwd, *cwd.parents) if (folder / FILE).is_file()), None)
    values = {} if path is None else {key.replace("-", "_"): text for key, text in _table(path)}
    return Layer(values, "E0008", f"{path}: [tool.oomcheck] ", lambda name: name.replace("_", "-"))


def _table(path: Path) -> Iterator[tuple[str, str]]:
    """Keys and values of [tool.oomcheck] in the file `path`, the values as text."""
    import tomllib  # takes longer than all the rest here, and most runs have no such file

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise error("E0008", f"{path}: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        why = "nested too deep" if isinstance(problem, RecursionError) else problem
        raise error("E0008", f"{path}: not TOML ({why})") from None
    tool = document.get("tool", {})
    table = tool.get("oomcheck", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise error("E0008", f"{path}: expected a table [tool.oomcheck]")
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise error("E0008", f"{path}: [tool.oomcheck] {key}: expected a string or a number")
        yield key, format(value, "f") if isinstance(value, float) else str(value)
