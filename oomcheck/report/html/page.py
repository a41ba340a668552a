"""A page from the templates: what goes in, how much of it, and what the browser is allowed to do."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from oomcheck.lang.mode import Mode
from oomcheck.records import dataclass
from oomcheck.report.html.island import island
from oomcheck.report.html.matrix import SIGNS, block
from oomcheck.report.html.traces import displayed, encode
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import EXIT_MEANING, Status, length, plural, status
from oomcheck.report.wording import plain
from oomcheck.result.amounts import amount, duration
from oomcheck.result.gated import GateReport, gate_exit_code
from oomcheck.result.naming import safe_name
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Result, Word, trace_of

MAX_BYTES: Final = 3 * 2**20  # of the traces and model files of one page; the matrix comes on top
SCRIPTS: Final = (
    "model.js",
    "tracks.js",
    "timeline.js",
    "source.js",
    "panels.js",
    "stage.js",
    "matrix.js",
    "main.js",
)
TEXT_WIDTH: Final = 100
MAX_SOURCE: Final = 2**18  # signs of one model file
TAB: Final = 8


@dataclass(frozen=True, slots=True)
class View:
    """One trace: what the template prints of it, the JSON value for the script, the lanes as text."""

    slug: str
    trace: Trace
    verdict: str
    counts: str
    params: str
    value: str
    text: str
    data: str
    files: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes in the page, about."""
        return len(self.text.encode()) + len(self.data.encode())


def gate_page(gate: GateReport, sources: Mapping[str, str], tool_version: str, max_bytes: int = MAX_BYTES) -> str:
    """A page with the matrix of all results, and traces until they take `max_bytes`: first those nobody expected.

    `sources` has the texts of model files by the names that steps have; where one is missing, the page shows statements
    only. A row whose trace had no room says so.
    """
    results = [result for entry in gate.entries if entry.report for result in entry.report.results]
    slugs = _slugs(result.identity for result in results)
    views = _fitting(dict(zip(slugs, results, strict=True)), sources, max_bytes)
    names = iter(slugs)
    counts = Counter(status(result) for result in results)
    code = gate_exit_code(gate)
    return _render(
        tool_version,
        title=f"oomcheck: {plain(gate.folder, False)}",
        blocks=[block(entry, names, views.keys()) for entry in gate.entries],
        gate=gate,
        folder=plain(gate.folder, False),
        complaints=[plain(text, False) for text in gate.complaints],
        partial=plain(gate.partial, False),
        counts=[(how.value, counts[how]) for how in Status if counts[how]],
        total=plural(len(results), "result"),
        code=code,
        meaning=EXIT_MEANING[code],
        signs=[(sign, word.title) for word, sign in SIGNS.items()],
        views=list(views.values()),
        left_out=sum(trace_of(result.verdict) is not None for result in results) - len(views),
        sources=_sources(views.values(), sources),
    )


def trace_page(trace: Trace, sources: Mapping[str, str], tool_version: str) -> str:
    """A page with one trace and the model files that it names, as far as `sources` has them."""
    view = _view(trace, _slugs([trace.identity])[0], "")
    return _render(
        tool_version,
        title=f"oomcheck: {view.trace.identity}",
        blocks=[],
        gate=None,
        views=[view],
        sources=_sources([view], sources),
    )


def _render(tool_version: str, **values: object) -> str:
    """The template with style and scripts inside, and a policy that allows these and nothing else."""
    env = Environment(
        loader=PackageLoader("oomcheck.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = _asset(env, "style.css")
    script = '"use strict";\n(() => {\n' + "".join(_asset(env, name) for name in SCRIPTS) + "})();\n"
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:"
    page: Callable[..., str] = env.get_template("page.html").render
    return page(
        policy=f"{policy}; base-uri 'none'; form-action 'none'",
        style=Markup(style),
        script=Markup(script),
        tool_version=tool_version,
        **{**values, "sources": Markup(island(values["sources"]))},
    )


def _asset(env: Environment, name: str) -> str:
    """A file beside the templates, as it is."""
    assert env.loader is not None
    return env.loader.get_source(env, name)[0]


def _digest(text: str) -> str:
    """How a Content-Security-Policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _slugs(identities: Iterable[str]) -> list[str]:
    """Names of results in addresses: that of the trace file, with a number where two are the same."""
    slugs: dict[str, None] = {}
    for identity in identities:
        slug = name = safe_name(identity) or "trace"
        number = 1
        while slug in slugs:
            number += 1
            slug = f"{name}-{number}"
        slugs[slug] = None
    return list(slugs)


def _fitting(results: Mapping[str, Result], sources: Mapping[str, str], max_bytes: int) -> dict[str, View]:
    """Views by slug, in the order of the results; one that does not fit leaves its room to smaller ones.

    A model file takes room once, with the first trace that names it.
    """
    chosen: dict[str, View] = {}
    texts: dict[str, int] = {}
    room = max_bytes
    for slug, result in sorted(results.items(), key=lambda item: item[1].ok):
        trace = trace_of(result.verdict)
        if trace is None:
            continue
        remark = "as expected" if result.ok and result.expected else "not as expected" if result.expected else ""
        view = _view(trace, slug, remark)
        new = {name: len(sources.get(name, "").encode(errors="replace")) for name in view.files if name not in texts}
        size = view.size + sum(new.values())
        if size <= room:
            chosen[slug] = view
            texts |= new
            room -= size
    return {slug: chosen[slug] for slug in results if slug in chosen}


def _view(trace: Trace, slug: str, remark: str) -> View:
    text = render_trace(trace, LaneOptions(width=TEXT_WIDTH, remark=remark))
    files = _files(trace)
    trace = displayed(trace)
    counts = [length(trace), plural(trace.switches, "switch")]
    if trace.shortest:
        counts.append("shortest")
    if trace.timed and trace.loop is None:
        counts.append(duration(sum(step.ticks for step in trace.steps), trace.hz))
    counts += [plural(trace.states, "state"), Mode(trace.timed, trace.slack).title]
    title = "worst" if trace.verdict == Word.HOLDS.value else "here"
    return View(
        slug=slug,
        trace=replace(trace, steps=()),
        verdict=trace.verdict.replace("_", " ").upper() + (f", {remark}" if remark else ""),
        counts=", ".join(filter(None, counts)),
        params=" ".join(f"{name}={value}" for name, value in trace.params if name in trace.chosen),
        value="" if trace.value is None else f"{title}: {amount(trace.value, trace.unit, trace.hz)}",
        text=text,
        data=Markup(island(encode(trace, slug))),
        files=files,
    )


def _files(trace: Trace) -> tuple[str, ...]:
    """The model files that a trace names, in the order of their first use."""
    named = [step.file for step in trace.steps] + [trace.ending.file]
    return tuple(name for name in dict.fromkeys(named) if name)


def _sources(views: Iterable[View], sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of the files that traces name, by their displayed names; what is too large for a page is left out."""
    names = dict.fromkeys(name for view in views for name in view.files)
    fitting = (name for name in names if len(sources.get(name, "")) <= MAX_SOURCE)
    return {plain(name, False): _lines(sources[name]) for name in fitting if name in sources}


def _lines(text: str) -> list[str]:
    """Lines as parsers count them, with tabs as spaces and without anything that is not to be seen."""
    return [plain(line.removesuffix("\r").expandtabs(TAB), False) for line in text.removesuffix("\n").split("\n")]
