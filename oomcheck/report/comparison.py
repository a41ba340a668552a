"""A comparison of two models as text: rows that differ first, then one schedule on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from oomcheck.comparing.compare import Comparison, Schedule
from oomcheck.comparing.course import Difference, Divergence, Follower, Reason
from oomcheck.comparing.pairs import Pair, Relation, code_of
from oomcheck.comparing.texts import TextChanges
from oomcheck.records import dataclass
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.report.rows import established, plural, verdict_text
from oomcheck.report.wording import flow, plain, wrap
from oomcheck.result.amounts import amount
from oomcheck.result.trace import Ending, Fact, Trace
from oomcheck.result.verdict import INTERRUPTED, Result, Word

COLUMN = 11  # of identities
MOST_NAMES = 12  # variables that are listed

MEANING = {
    0: "all verdicts are the same",
    1: "some verdicts differ",
    3: "no verdict differs, but some are unknown",
    4: "internal error: engines contradict each other",
    INTERRUPTED: "interrupted; the rows are not all",
}


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """How a comparison is printed; `verbose` shows the rows that are the same with their numbers of states."""

    width: int = 75
    ascii_only: bool = False
    verbose: bool = False


def render_comparison(found: Comparison, options: ComparisonOptions | None = None) -> str:
    """The comparison as text with a final newline."""
    options = options or ComparisonOptions()
    lines = [f"A  {found.a.title}", f"B  {found.b.title}", ""]
    lines += _rows(found.pairs, options)
    for letter, report in zip("AB", found.reports, strict=True):
        lines += [f"PARTIAL ({report.partial}): these are not all rows of {letter}"] if report.partial else []
        lines += [f"warning for {letter}: {warning}" for warning in report.warnings]
    if found.texts is not None:
        lines += ["", *_texts(found.texts)]
    code = code_of(found.pairs, *found.reports)
    safe = [plain(line, options.ascii_only) for line in lines]
    if found.schedule is not None:
        safe += ["", *_schedule(found.schedule, options)]
    counts = Counter(pair.relation for pair in found.pairs)
    summed = ", ".join(f"{counts[relation]} {relation.value}" for relation in Relation if counts[relation])
    safe += ["", f"{plural(len(found.pairs), 'row')}: {summed or 'none'}; exit {code}: {MEANING[code]}"]
    return "".join(f"{line}\n" for line in safe)


# ---------------------------------------------------------------- rows


def _rows(pairs: Iterable[Pair], options: ComparisonOptions) -> Iterator[str]:
    """Rows that differ with both verdicts; the others on one line each, those that nobody asked for only if verbose."""
    hidden = 0
    for pair in pairs:
        if pair.relation is Relation.SAME and not options.verbose and not _asked(pair):
            hidden += 1
        elif pair.relation is Relation.SAME:
            first, *rest = wrap(_same(pair), options.width - COLUMN, max_lines=None)
            yield f"{pair.relation.value:<{COLUMN}}{first}"
            yield from (f"    {line}" for line in rest)
        else:
            yield f"{pair.relation.value:<{COLUMN}}{pair.identity}"
            yield from _both(pair, options)
    if hidden:
        yield f"and {plural(hidden, 'row')} of sanitizers, the same on both sides (-v shows them)"


def _asked(pair: Pair) -> bool:
    """Whether a check or the user names the property."""
    return pair.a is None or pair.a.expected != "" or pair.a.kind != "sanitizer"


def _same(pair: Pair) -> str:
    assert pair.a is not None
    assert pair.b is not None
    sizes = [f"{letter} {_size(result)}" for letter, result in (("A", pair.a), ("B", pair.b))]
    told = sizes[0].removeprefix("A ") if _size(pair.a) == _size(pair.b) else "; ".join(sizes)
    words = dict.fromkeys([established(pair.a).title, established(pair.b).title])
    return f"{pair.identity}: {' and '.join(words)} ({told})"


def _both(pair: Pair, options: ComparisonOptions) -> Iterator[str]:
    for letter, result in (("A", pair.a), ("B", pair.b)):
        told = "no such row" if result is None else f"{verdict_text(result)}; {_size(result)}"
        first, *rest = wrap(told, options.width - 7, max_lines=None)
        yield f"    {letter}  {first}"
        yield from (f"       {line}" for line in rest)


def _size(result: Result) -> str:
    return f"{plural(result.states, 'state')}, depth {result.depth}"


# ---------------------------------------------------------------- texts


def _texts(changes: TextChanges) -> Iterator[str]:
    if not (changes.files or changes.declarations or changes.statements):
        yield "the models are the same, text and statements"
    for title, told in (("declarations", changes.declarations), ("statements of threads", changes.statements)):
        if told:
            yield f"{title} that differ:"
            yield from (f"  {line}" for line in told)
    for file in changes.files:
        yield from file.lines or (f"only on one side: {file.name}",)


# ---------------------------------------------------------------- the schedule


def _schedule(schedule: Schedule, options: ComparisonOptions) -> Iterator[str]:
    trace, course = schedule.trace, schedule.course
    own, other = schedule.own.letter, schedule.other.letter
    title = f"the schedule of {own} for {trace.identity}, taken on {other}: {_summary(schedule)}"
    yield from _safe(wrap(title, options.width, max_lines=None), options)
    yield from _safe(_passed(schedule), options)
    divergence = course.divergence
    if divergence is None:
        yield from _apart(f"variables that differ at the end ({own}, {other})", course.apart, options)
        return
    yield ""
    lanes = LaneOptions(max(options.width, 40), options.ascii_only, remark=f"on {own}, up to the divergence")
    yield from render_trace(_until(trace, divergence, divergence_text(divergence, other)), lanes).splitlines()
    yield from _there(divergence, other, options)
    yield from _apart(
        f"variables that step {divergence.number} makes differ ({own}, {other})", divergence.effects, options
    )
    yield from _apart(f"variables that differed before ({own}, {other})", divergence.apart, options)
    yield ""
    yield from _safe(_later(divergence, own, other, options.width), options)


def _safe(lines: Iterable[str], options: ComparisonOptions) -> Iterator[str]:
    return (plain(line, options.ascii_only) for line in lines)


def _summary(schedule: Schedule) -> str:
    divergence = schedule.course.divergence
    if divergence is not None:
        return f"first divergence at step {divergence.number} of {len(schedule.trace.steps)}"
    through = f"{schedule.other.letter} follows to the end{_alone(schedule)}"
    prop, yes, no = schedule.trace.prop, *_shown(schedule.trace)
    match schedule.decides:
        case True:
            return f"{through}, and {prop} {yes} there, too"
        case False:
            return f"{through}, and {prop} {no} there by it"
        case None:
            return f"{through}; whether {prop} {yes} there, too, is not known from it"


def _shown(trace: Trace) -> tuple[str, str]:
    """What a trace shows of its property, and that it does not."""
    match trace.verdict:
        case Word.COVERED.value:
            return "is covered", "is not covered"
        case Word.HOLDS.value:
            worst = amount(trace.value or 0, trace.unit, trace.hz)
            return f"comes to {worst}", f"does not come to {worst}"
        case _:
            return "is violated", "is not violated"


def _alone(schedule: Schedule) -> str:
    """How many steps only one of the sides makes."""
    followed = schedule.course.followed
    own, other = sum(not one.text for one in followed), sum(len(one.extra) for one in followed)
    told = [(own, schedule.own.letter), (other, schedule.other.letter)]
    return "".join(f", {plural(number, 'step')} only in {letter}" for number, letter in told if number)


def _passed(schedule: Schedule) -> Iterator[str]:
    """Steps that one of the sides has alone."""
    course, own, other = schedule.course, schedule.own.letter, schedule.other.letter
    told: list[Follower | Divergence] = [*course.followed, *filter(None, [course.divergence])]
    for one in told:
        passed = isinstance(one, Follower) and not one.text
        if passed:
            yield f"  only in {own}, step {one.number}: {one.process}: {one.own}"
        where = "in place of it" if passed else f"before step {one.number}"
        yield from (f"  only in {other}, {where}: {one.process}: {text}" for text in one.extra)


def divergence_text(divergence: Divergence, other: str) -> str:
    """What the other side does there, in a sentence."""
    possible = " or ".join(divergence.possible)
    why = "; ".join(divergence.why)
    match divergence.reason:
        case Reason.OUTCOME:
            return f"in {other}: {possible}"
        case Reason.EFFECT:
            changed = ", ".join(f"{one.name} = {one.other}" for one in divergence.effects)
            return f"in {other} the same step leaves {changed}"
        case Reason.BLOCKED if possible:
            return f"in {other} it cannot take this step, and can take: {possible}"
        case Reason.BLOCKED:
            return f"in {other} it cannot move: {why}" if why else f"in {other} it cannot move"
        case Reason.ENDED:
            return f"in {other} it has ended"
        case Reason.FAULT:
            return f"in {other} it runs into a fault: {why}"
        case Reason.ELSEWHERE:
            return f"in {other} it stands elsewhere and can take: {possible}"
        case Reason.MISSING:
            return f"in {other} there is no such thread"


def _until(trace: Trace, divergence: Divergence, message: str) -> Trace:
    """The trace up to the divergence, with the step that the other side does not take as its end."""
    step = trace.steps[divergence.number - 1]
    ending = Ending(message, step.process, step.text, step.file, step.line, step.source)
    return replace(
        trace,
        steps=trace.steps[: divergence.number - 1],
        ending=ending,
        facts=divergence.facts,
        loop=None,
        promises=(),
        shortest=False,
        value=None,
    )


def _there(divergence: Divergence, other: str, options: ComparisonOptions) -> Iterator[str]:
    """Locks, waits, freezers and timers of the other side, if they are others."""
    if divergence.facts == divergence.other_facts:
        return
    told = [f"{fact.view}: {_fact(fact)}" for fact in divergence.other_facts] or ["nothing held, nobody waits"]
    yield from _safe(flow([f"in {other} then:", *told], options.width, "  "), options)


def _fact(fact: Fact) -> str:
    return f"{fact.process} {fact.text}".strip()


def _apart(title: str, differences: tuple[Difference, ...], options: ComparisonOptions) -> Iterator[str]:
    if not differences:
        return
    told = [f"{one.name} ({one.own}, {one.other}) since step {one.since}" for one in differences[:MOST_NAMES]]
    more = [f"and {len(differences) - MOST_NAMES} more"] if len(differences) > MOST_NAMES else []
    yield from _safe([f"  {title}:", *flow([*told, *more], options.width, "    ")], options)


def _later(divergence: Divergence, own: str, other: str, width: int) -> Iterator[str]:
    """Both sides from the divergence on, in two columns: the same threads in turn."""
    column = (width - 8) // 2
    yield f"      {f'{own} goes on':<{column}}  {other} with the same threads in turn"
    for later in divergence.later:
        left = wrap(f"{later.process}: {later.own}", column, max_lines=None)
        right = wrap(f"{later.process}: {later.other}" if later.other else "(cannot move)", column, max_lines=None)
        for number in range(max(len(left), len(right))):
            cells = [side[number] if number < len(side) else "" for side in (left, right)]
            mark = str(later.number) if number == 0 else ""
            yield f"{mark:>4}  {cells[0]:<{column}}  {cells[1]}".rstrip()
