"""Reading a model file with its imports."""

from __future__ import annotations

import hashlib
from pathlib import Path

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Source, Span
from oomcheck.lang import tree as t
from oomcheck.lang.build import build_model
from oomcheck.lang.build_spec import build_spec
from oomcheck.lang.parsing import parse_tree, read_source
from oomcheck.records import dataclass

MAX_CHAIN = 100  # imports of imports


@dataclass(frozen=True, slots=True)
class Files:
    """A model and its imports, imported ones first; `bindings` of imports, outermost last.

    `probes` are all places where imports were looked for, each with the real path of what was there, "" for no file.
    """

    path: str
    main: t.ModelFile
    files: tuple[t.ModelFile, ...]
    bindings: tuple[t.Binding, ...]
    sources: tuple[Source, ...]
    digest: str
    probes: tuple[tuple[str, str], ...] = ()


def read_files(path: Path, include: tuple[Path, ...] = ()) -> Files:
    """A model file and everything that it imports; E0207 for imports that go astray."""
    reader = _Reader((path.parent, *include))
    main = reader.read(path, ())
    if main.library:
        raise error("E0207", f"`{path}` is a library: it is imported by models", main.name.span)
    return Files(
        str(path),
        main,
        tuple(reader.files),
        tuple(reader.bindings),
        tuple(reader.sources),
        reader.digest(path),
        tuple(reader.probes.items()),
    )


def text_digest(source: Source) -> str:
    """A digest of one text."""
    return "sha256:" + hashlib.sha256(source.text.encode("utf-8", "surrogateescape")).hexdigest()


def read_spec(path: Path) -> tuple[t.SpecFile, Source]:
    """A spec file."""
    source = read_source(path, str(path))
    return build_spec(parse_tree(source, "spec"), source), source


class _Reader:
    """Follows imports depth first; each file counts once."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        self._done: dict[Path, t.ModelFile] = {}
        self.files: list[t.ModelFile] = []
        self.sources: list[Source] = []
        self.bindings: list[t.Binding] = []
        self.probes: dict[str, str] = {}

    def read(self, path: Path, chain: tuple[Path, ...]) -> t.ModelFile:
        """The file at `path`; `chain` are the files being read, outermost first."""
        source = read_source(path, str(path))
        real = path.resolve()
        if real in self._done:
            return self._done[real]
        if len(chain) > MAX_CHAIN:
            raise error("E0207", f"more than {MAX_CHAIN} imports of imports", whole(source))
        parsed = build_model(parse_tree(source, "model"), source)
        for item in parsed.items:
            if isinstance(item, t.Import):
                target = self._target(item, path, (*chain, real))
                self.read(target, (*chain, real))
                self.bindings.extend(item.bindings)
        self._done[real] = parsed
        self.files.append(parsed)
        self.sources.append(source)
        return parsed

    def _target(self, item: t.Import, importer: Path, chain: tuple[Path, ...]) -> Path:
        span = item.span
        if not item.path or Path(item.path).is_absolute() or "\\" in item.path:
            raise error("E0207", f"`{item.path}` is no relative path", span, "imports are relative to their file")
        for folder in (importer.parent, *self._roots):
            target = folder / item.path
            if target.is_file():
                break
            self.probes[str(target)] = ""
        else:
            raise error("E0207", f"cannot find `{item.path}`", span, "imports are relative to their file")
        real = target.resolve()
        self.probes[str(target)] = str(real)
        if not any(real.is_relative_to(root.resolve()) for root in self._roots):
            hint = "imports stay below the folder of the model; --include DIR adds another"
            raise error("E0207", f"`{item.path}` lies outside of the model's folder", span, hint)
        if real in chain:
            names = " -> ".join(p.name for p in (*chain[chain.index(real) :], real))
            raise error("E0207", f"imports form a cycle: {names}", span)
        return target

    def digest(self, main: Path) -> str:
        """A digest of all texts, the same wherever the model's folder lies."""
        root = main.parent.resolve()
        found = hashlib.sha256()
        named = sorted((_relative(path, root), path) for path in self._done)
        texts = dict(zip(self._done, self.sources, strict=True))
        for name, path in named:
            for part in (name, texts[path].text):
                data = part.encode("utf-8", "surrogateescape")
                found.update(len(data).to_bytes(8, "big"))
                found.update(data)
        return "sha256:" + found.hexdigest()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def whole(source: Source) -> Span:
    """The start of a source, for messages about all of it."""
    return Span(source, 0, 0)
