"""Pages: what they contain and what no text in a trace, a model or a report can do to them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from oomcheck.diag.diagnostic import Diagnostic, OomcheckError
from oomcheck.report import html
from oomcheck.report.html import render_html, render_trace_html
from oomcheck.report.html.island import Words, island
from oomcheck.report.html.page import gate_page
from oomcheck.report.html.tracks import Bar, Lock, Word, locks, timers, words
from oomcheck.report.html.variables import Variable, variables
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.trace import Change, Lasting, Trace, Truth
from oomcheck.result.verdict import Report, Violated
from tests.report.reports import full_report, proof_report, row
from tests.report.traces import bound_trace, stuck_trace, traces, uninit_trace

TEMPLATES = Path(html.__file__).parent / "templates"
EVIL = "</script><script>alert(1)</script>"
EVILS = (
    EVIL,
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "]]>",
    "' onload='alert(1)",
    "{{ 7 * 7 }}",
    "\u2028\u202e\x00\udcff&lt;",
)


class Page(HTMLParser):
    """The elements of a page, and the texts of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.text = ""
        self.lanes: list[str] = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open = tag
            self.raw.append((dict(attrs).get("type") or tag, ""))
        if dict(attrs).get("class") == "lanes":
            self._open = "lanes"
            self.lanes.append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        if tag in (self._open, "pre"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        """Text belongs to the script or style that is open, or to the page; the lanes of a trace to both."""
        if self._open == "lanes":
            self.lanes[-1] += data
        if self._open in ("script", "style"):
            kind, text = self.raw[-1]
            self.raw[-1] = (kind, text + data)
        else:
            self.text += data

    def count(self, tag: str) -> int:
        """How many elements have that name."""
        return sum(name == tag for name, _ in self.tags)

    @property
    def islands(self) -> list[dict[str, object]]:
        """The values of the scripts that hold data."""
        return [json.loads(text) for kind, text in self.raw if kind == "application/json"]


def evil_trace(evil: str) -> Trace:
    """A trace with `evil` wherever a text can stand."""
    trace = uninit_trace()
    victim = trace.processes[1] + evil
    steps = tuple(
        replace(
            step,
            process=victim if step.process == trace.processes[1] else step.process,
            text=evil,
            file=evil,
            source=evil,
            changes=(Change(evil, evil, f"{evil}!"),),
            reads=((evil, evil),),
            costs=((evil, 1),),
        )
        for step in trace.steps
    )
    return replace(
        trace,
        identity=f"spec/check/{evil}",
        sentence=evil,
        processes=tuple(victim if name == trace.processes[1] else name for name in trace.processes),
        params=((evil, evil),),
        chosen=(evil,),
        steps=steps,
        initial=((evil, evil),),
        ending=replace(trace.ending, message=evil, text=evil, file=evil, source=evil, parts=((evil, True),)),
        facts=(),
        lasting=(Lasting("held", victim, f"{evil} (read)", 1, 4), Lasting("timer", "", evil, 0, 2)),
        truths=(Truth(evil, "part", "1" * 11),),
    )


def gate_of(report: Report) -> GateReport:
    """A gate with one spec."""
    return GateReport("specs", (Gated("specs/a.oomspec", "models/a.oom", report, seconds=1.0),), seconds=2.0)


# ---------------------------------------------------------------- untrusted text


@pytest.mark.parametrize("evil", EVILS)
def test_no_text_of_a_trace_becomes_markup(evil: str) -> None:
    """Whatever the texts of a trace and its model say, the page has the elements of a harmless one."""
    page = Page(render_trace_html(evil_trace(evil), {evil: f"{evil}\n{evil}"}, "1").encode().decode())
    harmless = Page(render_trace_html(evil_trace("text"), {"text": "text\ntext"}, "1"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert [sorted(attrs) for _, attrs in page.tags] == [sorted(attrs) for _, attrs in harmless.tags]
    assert [kind for kind, _ in page.raw] == ["style", "application/json", "application/json", "script"]


@pytest.mark.parametrize("evil", EVILS)
def test_no_text_of_a_report_becomes_markup(evil: str) -> None:
    """The same for what stands in the matrix."""

    def page(text: str) -> Page:
        bad = replace(
            row("check", "prop", Violated(evil_trace(text)), "violated", False, text),
            sentence=text,
            because=text,
            source=text,
            params=((text, text),),
        )
        report = replace(full_report(), results=(bad,), warnings=(text,), dead_code=(text,), model=text)
        gate = GateReport(text, (Gated(text, text, report), Gated(text, text, None, (), text)), (text,), text)
        return Page(render_html(gate, {text: text}, "1").encode().decode())

    assert [(tag, sorted(attrs)) for tag, attrs in page(evil).tags] == [
        (tag, sorted(attrs)) for tag, attrs in page("text").tags
    ]


@given(trace=traces(max_steps=6))
@hypothesis_settings(max_examples=25)
def test_any_trace_makes_a_page(trace: Trace) -> None:
    """Every well-formed trace gives a page of UTF-8 with one article and readable data."""
    page = Page(render_trace_html(trace, {}, "1").encode().decode())
    assert page.count("article") == 1
    data = page.islands[0]
    assert data["id"] == next(attrs["id"] for tag, attrs in page.tags if tag == "article")
    assert isinstance(data["steps"], list)
    assert len(data["steps"]) == len(trace.steps)


def test_island_keeps_values() -> None:
    """What is escaped is read back as it was, and no sign that matters to HTML is left."""
    value = {"text": f"{EVIL} & \u2028\u2029", "list": [1, None, True]}
    text = island(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_words_are_stored_once() -> None:
    """A text that comes again gets the number that it has."""
    table = Words()
    assert [table.add("a"), table.add("b"), table.add("a")] == [0, 1, 0]
    assert table.table == ["a", "b"]


# ---------------------------------------------------------------- what the browser may do


def test_page_needs_no_network_and_no_inline_code() -> None:
    """The policy names the style and the script of the page by their digests; nothing else is allowed or asked for."""
    page = Page(render_html(gate_of(full_report()), {}, "1"))
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    digests = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in page.raw
        if kind in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "action")}
    links = {attrs["href"] for tag, attrs in page.tags if "href" in attrs}
    assert {link for link in links if link and not link.startswith("#")} == {"data:,"}
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", "".join(text for _, text in page.raw))


def test_ids_are_unique() -> None:
    """Links and labels find one element each, also where two identities give one name."""
    trace = uninit_trace()
    results = tuple(
        replace(row("c", "p", Violated(trace), "violated", True), identity=f"s/c/p{end}")
        for end in ("<", ">", "_", "_")
    )
    page = Page(render_html(gate_of(replace(full_report(), results=results)), {}, "1"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs}
    assert wanted <= set(ids)


# ---------------------------------------------------------------- colours

HUES = tuple(f"t{number}" for number in range(8))

#: What stands on what, and the least contrast: 4.5 for text, 3 for shapes (WCAG 2.2, 1.4.3 and 1.4.11).
CONTRASTS = (
    *((ink, ground, 4.5) for ink in ("ink", "quiet", "accent", "bad", "open", "good") for ground in ("bg", "panel")),
    *(
        ("ink", ground, 4.5)
        for ground in ("band", "accent-soft", "bad-soft", "blocked", "frozen", "sleeping", "open-soft")
    ),
    *(("quiet", ground, 4.5) for ground in ("band", "accent-soft", "bad-soft", "open-soft")),
    *(("on-step", ground, 4.5) for ground in (*HUES, "bad", "cursor", "accent")),
    *(
        (hue, "panel", 3.0)
        for hue in (*HUES, "plot", "truth", "blocked-ink", "frozen-ink", "sleeping-ink", "open", "cursor")
    ),
    ("on-truth", "truth", 4.5),
    ("accent", "accent-soft", 4.5),
    ("good", "accent-soft", 4.5),
    ("open", "open-soft", 4.5),
)


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the style by scheme, as #rrggbb."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    first = dict(re.findall(r"--([\w-]+): (#\w{6});", light))
    return {"light": first, "dark": {**first, **dict(re.findall(r"--([\w-]+): (#\w{6});", dark))}}


def luminance(colour: str) -> float:
    """Relative luminance by WCAG."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart(scheme: str) -> None:
    """Texts and shapes, also those drawn in timelines, stand out against what is behind them."""
    colours = schemes()[scheme]
    weak = []
    for front, behind, least in CONTRASTS:
        one, other = sorted((luminance(colours[front]), luminance(colours[behind])))
        contrast = (other + 0.05) / (one + 0.05)
        if contrast < least:
            weak.append((front, behind, round(contrast, 2)))
    assert weak == []


# ---------------------------------------------------------------- contents without a script


def test_trace_page_reads_without_a_script() -> None:
    """Verdict, message, counts and the lanes as text are in the page itself."""
    text = Page(render_trace_html(uninit_trace(), {}, "1")).text
    for part in (
        "VIOLATED",
        "ret was never written on this path",
        "10 steps, 4 switches, shortest, 3280 states, untimed",
    ):
        assert part in text
    assert "WRITE_ONCE(current->__state" in text
    assert "FIX=NO_DELAY NLMKD=0" in text


def test_bound_and_lasso_say_what_they_show() -> None:
    """A bound tells its worst value, a lasso its fairness."""
    assert "worst: 24 ticks (2.4 s)" in Page(render_trace_html(bound_trace(), {}, "1")).text
    assert "weak(oom_reaper)" in Page(render_trace_html(stuck_trace(), {}, "1")).text


def test_matrix_has_a_row_for_each_result() -> None:
    """Each result is a row with its verdict, status and expectation, and a cell of the map."""
    report = full_report()
    page = Page(render_html(gate_of(report), {}, "1"))
    rows = [attrs for tag, attrs in page.tags if tag == "tr" and "line" in (attrs.get("class") or "")]
    assert len(rows) == len(report.results)
    cells = [attrs for tag, attrs in page.tags if tag == "a" and "cell" in (attrs.get("class") or "")]
    assert {cell["href"] for cell in cells} == {f"#{attrs['id']}" for attrs in rows}
    assert len(cells) == len(rows)
    undecided = [attrs["id"] for attrs in rows if attrs["class"] == "line tone-open"]
    assert undecided == ["row-oom_freezer/big_NVMA=4_/one_kill"]
    failed = [attrs["id"] for attrs in rows if attrs["class"] == "line tone-fail"]
    assert len(failed) == sum(not result.ok for result in report.results) - len(undecided)
    for part in ("UNKNOWN: state limit 1000000", "FAIL (unexpected pass)", "Exit 1", "nobody else shares the mm"):
        assert part in page.text


def test_proofs_show_their_invariant() -> None:
    """A row that rests on a proof has the conjuncts, who confirmed them, and where the certificate lies."""
    text = Page(render_html(gate_of(proof_report()), {}, "1")).text
    for part in ("forall (i in 0 .. NVMA - 1) vma[i].mapped", "confirmed by z3, cvc5", "out/oom_freezer-proved-order"):
        assert part in text
    assert "its states are not known to be reachable" in text


def test_matrix_tells_what_was_not_checked() -> None:
    """A wrong spec shows its diagnostics, a dead process its end, a partial gate that it is one."""
    wrong = Gated("specs/wrong.oomspec", "models/a.oom", None, (Diagnostic("E0003", "no such flag"),))
    dead = Gated("specs/dead.oomspec", "models/a.oom", None, failure="killed by signal 9")
    text = Page(render_html(GateReport("specs", (wrong, dead), ("one check fewer",), "interrupted"), {}, "1")).text
    for part in ("error[E0003]: no such flag", "killed by signal 9", "one check fewer", "PARTIAL (interrupted)"):
        assert part in text


def test_specs_that_a_quick_run_leaves_out_are_no_failure() -> None:
    """Such a spec is in the map and lists its checks, without an alert."""
    skipped = Gated("specs/slow.oomspec", "models/a.oom", None, skipped=("big", "bigger"))
    page = Page(render_html(GateReport("specs", (*gate_of(full_report()).entries, skipped), quick=True), {}, "1"))
    assert "left out by a quick run (2)" in page.text
    assert [attrs for _, attrs in page.tags if "alert" in (attrs.get("class") or "")] == []


def test_model_files_take_room_once() -> None:
    """A model file counts with the first trace that names it; where it has no room, that trace has none either."""
    results = tuple(
        replace(row("c", name, Violated(uninit_trace()), "holds", False), identity=f"s/c/{name}") for name in "ab"
    )
    gate = gate_of(replace(full_report(), results=results))
    both = Page(gate_page(gate, {}, "1"))
    data = [text for kind, text in both.raw if kind == "application/json"][:2]
    size = sum(len(text.encode()) for text in [*data, *both.lanes])
    sources = {"models/oom_freezer.oom": "x" * 1000}
    assert Page(gate_page(gate, sources, "1", max_bytes=size + 1000)).count("article") == 2
    assert Page(gate_page(gate, sources, "1", max_bytes=size + 999)).count("article") == 1


def test_traces_stay_within_their_room() -> None:
    """Traces that nobody expected come first; a row whose trace has no room says so, and so does the page."""
    expected = replace(row("c", "fine", Violated(uninit_trace()), "violated", True), identity="s/c/fine")
    surprise = replace(row("c", "odd", Violated(bound_trace()), "holds", False), identity="s/c/odd")
    gate = gate_of(replace(full_report(), results=(expected, surprise)))
    both = Page(gate_page(gate, {}, "1"))
    assert [attrs["id"] for tag, attrs in both.tags if tag == "article"] == ["s/c/fine", "s/c/odd"]
    assert "left out" not in both.text
    data = [text for kind, text in both.raw if kind == "application/json"][:2]
    size = sum(len(text.encode()) for text in [*data, *both.lanes])
    assert Page(gate_page(gate, {}, "1", max_bytes=size)).count("article") == 2
    one = Page(gate_page(gate, {}, "1", max_bytes=size - 1))
    assert [attrs["id"] for tag, attrs in one.tags if tag == "article"] == ["s/c/odd"]
    assert "One trace is left out to keep this file small" in one.text
    none = Page(gate_page(gate, {}, "1", max_bytes=0))
    assert none.count("article") == 0
    assert "2 traces are left out" in none.text


def test_sources_are_those_that_traces_name() -> None:
    """Other files stay out, tabs are spaces, and what could steer a reader is told as an escape."""
    text = "a\tb\r\n\u202ec\n"
    page = Page(render_trace_html(uninit_trace(), {"models/oom_freezer.oom": text, "other.oom": "no"}, "1"))
    assert page.islands[1] == {"models/oom_freezer.oom": ["a       b", "\\u202ec"]}


def test_without_jinja_the_user_hears_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing Jinja2 is an error with the command that helps."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "oomcheck.report.html.page", raising=False)
    with pytest.raises(OomcheckError) as caught:
        render_trace_html(uninit_trace(), {}, "1")
    (told,) = caught.value.diagnostics
    assert (told.code, told.hint) == ("E0504", "pip install 'oomcheck[html]'")


# ---------------------------------------------------------------- variables and tracks


def test_variables_of_one_name_are_told_apart() -> None:
    """A change belongs to the variable that has its old value; quiet ones are not those of the start."""
    trace = uninit_trace()
    changes = (
        Change("x", "1", "2"),
        Change("x", "0", "5"),
        Change("x", "0", "9", quiet=True),
        Change("new", "false", "true"),
    )
    steps = (*(replace(trace.steps[i], changes=(change,)) for i, change in enumerate(changes)),)
    found = variables(replace(trace, initial=(("x", "0"), ("x", "1")), steps=steps))
    assert found == [
        Variable("x", "0", ((2, "5"),), False),
        Variable("x", "1", ((1, "2"),), False),
        Variable("x", "0", ((3, "9"),), True),
        Variable("new", "false", ((4, "true"),), False),
    ]
    assert [one.boolean for one in found] == [False, False, False, True]


def test_locks_stack_what_overlaps() -> None:
    """Readers that overlap lie in rows of their own; the row of one that left is used again."""
    lasting = (
        Lasting("held", "a", "mmap_lock (read)", 1, 4),
        Lasting("held", "b", "mmap_lock (read)", 2, 3),
        Lasting("held", "c", "mmap_lock (write)", 5, 6),
        Lasting("blocked", "c", "mmap_lock (write)", 2, 4),
        Lasting("sleeping", "c", "queue", 0, 1),
        Lasting("held", "c", "ptl[0]", 0, 9),
    )
    trace = replace(uninit_trace(), lasting=lasting)
    assert locks(trace) == [
        Lock("ptl[0]", (Bar("c", "", 0, 9, 0),), ()),
        Lock(
            "mmap_lock",
            (Bar("a", "read", 1, 4, 0), Bar("b", "read", 2, 3, 1), Bar("c", "write", 5, 6, 0)),
            (Bar("c", "write", 2, 4, 0),),
        ),
    ]


def test_timers_are_named_once() -> None:
    """A timer that is armed twice is one track with two bars."""
    armed = (Lasting("timer", "", "t armed", 1, 2), Lasting("timer", "", "t armed", 5, 5))
    bars = (Bar("", "armed", 1, 2, 0), Bar("", "armed", 5, 5, 0))
    assert timers(replace(uninit_trace(), lasting=armed)) == [("t", bars)]


def test_words_of_flags_have_bits_that_change() -> None:
    """A bit is a boolean in capitals behind a point; words without a change are no tracks."""
    found = [
        Variable("mm.flags.MMF_SKIP", "false", ((2, "true"),), False),
        Variable("mm.flags.MMF_OLD", "false", (), False),
        Variable("tif.TIF_X", "false", (), False),
        Variable("mm.users", "2", ((1, "1"),), False),
        Variable("mm.flags.COUNT", "0", ((1, "1"),), False),
        Variable("SKIP", "false", ((1, "true"),), False),
    ]
    assert words(found) == [Word("mm.flags", (("MMF_SKIP", 0),), 1)]
