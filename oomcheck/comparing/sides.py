"""The two sides of a comparison: each a model with its parameters, planned and checked alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from oomcheck.check import check_rows, laid_out
from oomcheck.diag.diagnostic import OomcheckError, error
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.tree import SpecFile
from oomcheck.records import dataclass
from oomcheck.result.verdict import Report
from oomcheck.rows import Options, rows_of, select

SANITIZED = Path("model.oom")  # names the rows of both sides where there is no spec

Given = Mapping[str, int | str]
Specs = Sequence[tuple[str, Path, SpecFile]]


@dataclass(frozen=True, slots=True)
class Side:
    """A model with the parameters that the command line gives it; `letter` is A or B."""

    letter: str
    model: Path
    given: Given
    files: Files

    @property
    def title(self) -> str:
        """How reports call it: the model as given, with its parameters."""
        return " ".join([str(self.model), *(f"{name}={value}" for name, value in self.given.items())])


def read_side(letter: str, model: Path, given: Given, include: tuple[Path, ...]) -> Side:
    """A side with the texts of its model."""
    return Side(letter, model, given, read_files(model, include))


def read_specs(paths: Sequence[Path], sides: Sequence[Side]) -> Specs:
    """Each spec with the name that identities begin with; E0402 for one that is about neither side.

    What a check expects, and where, is not asked here: a place may exist on one side only.
    """
    found: list[tuple[str, Path, SpecFile]] = []
    for path in paths:
        tree, _ = read_spec(path)
        target = (path.parent / tree.model).resolve()
        if all(target != side.model.resolve() for side in sides):
            raise error("E0402", f"this spec is for `{tree.model}`, which is neither A nor B", tree.model_span)
        if any(path.resolve() == other.resolve() for _, other, _ in found):
            raise error("E0003", f"the spec `{path}` is given twice")
        alone = sum(path.stem == other.stem for other in paths) == 1
        name = path.stem if alone else path.with_suffix("").as_posix().lstrip("/")
        checks = tuple(replace(check, at="") for check in tree.checks)
        found.append((name, path, replace(tree, checks=checks)))
    return found


def check_side(side: Side, specs: Specs, options: Options) -> Report:
    """The verdicts of one side, those of the sanitizers that each check has without asking among them."""
    asked = replace(options, params=side.given)
    with blamed(side):
        base, plans = laid_out(side.files, specs, asked)
        rows = select(list(rows_of(plans, SANITIZED, asked, base)), plans, asked)
        return check_rows(side.files, base, [replace(row, shown=True) for row in rows], asked)


@contextmanager
def blamed(side: Side) -> Iterator[None]:
    """Errors in here say on which side they came up; the same spec may fit the other one."""
    try:
        yield
    except OomcheckError as failure:
        note = f"while reading for {side.letter}: {side.title}"
        raise OomcheckError(replace(d, notes=(*d.notes, note)) for d in failure.diagnostics) from None
