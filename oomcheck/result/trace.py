"""One trace object; every writer renders it. Steps are numbered once, from 0 = the initial state."""

from __future__ import annotations

from itertools import pairwise

from oomcheck.records import dataclass

TRACE_SCHEMA = "oomcheck.trace/1"


@dataclass(frozen=True, slots=True)
class Change:
    """A variable that a step changed, with values in the words of the model."""

    name: str
    old: str
    new: str
    quiet: bool = False  # a program counter or a detail inside a kernel object


@dataclass(frozen=True, slots=True)
class Step:
    """Step `number` (from 1): `process` takes transition `choice` (its index in the system).

    `text` is the statement as the model writes it; `reads` are the shared
    values that its guard looked at.
    """

    number: int
    process: str
    choice: int
    text: str
    file: str
    line: int
    source: str
    changes: tuple[Change, ...]
    reads: tuple[tuple[str, str], ...] = ()
    ticks: int = 0  # time that passes in this step
    costs: tuple[tuple[str, int], ...] = ()  # cost counters that it raises, and by how much


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about the last state: `view` is held, waits, frozen or timer."""

    view: str
    process: str
    text: str


@dataclass(frozen=True, slots=True)
class Lasting:
    """A fact that is true in the states `first` to `last`, numbered as steps are: state n is that after step n.

    `view` is held, blocked (for a lock), sleeping (wait queue, completion, delay, grace period), frozen or timer;
    `process` is "" for timers; `text` names the lock, with `(read)` or `(write)`, or what is waited for.
    """

    view: str
    process: str
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a formula is true: one sign for each state from 0, "1" true, "0" false, "-" without a meaning there.

    `role` is property (what the trace is about), part (a conjunct or a part of its formula) or other (another property
    of the same check; the text is then its name).
    """

    text: str
    role: str
    signs: str


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the last state decides the property.

    `process` and `step` text name the thread whose next step is the fault ("" if the
    state itself is bad); `message` says what is wrong; `parts` are the conjuncts of the
    property with their truth in the last state; `file`, `line`, `source` the place.
    """

    message: str
    process: str = ""
    text: str = ""
    file: str = ""
    line: int = 0
    source: str = ""
    parts: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """A fairness assumption that a loop keeps: `kind` is weak, strong or progress; `why` says how, for people."""

    name: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A finite counterexample or cover witness of property `prop`, or a lasso.

    A lasso has `loop`: after the last step the state is that before step `loop` + 1, and the steps from there
    on repeat for ever; a loop of no steps means that nothing moves any more. `model` is the path as given,
    `digest` that of model and imports, `params` all parameter values; together with each step's `choice` they
    re-create the run. So do `timed`, `slack` and `costs`, the reading of the model (see `lang.mode`). `value` and
    `unit` tell what a bound amounts to: a number of "ticks", or that of a cost counter by its name.
    """

    model: str
    digest: str
    params: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]  # names of the parameters that differ from what the model declares
    identity: str
    prop: str
    kind: str
    verdict: str
    sentence: str
    processes: tuple[str, ...]
    environment: tuple[str, ...]  # those of `processes` that are env or softirq
    initial: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    ending: Ending
    facts: tuple[Fact, ...]
    states: int  # states visited until it was found
    shortest: bool
    engine: str = ""
    loop: int | None = None
    promises: tuple[Promise, ...] = ()  # fairness that the loop keeps
    timed: bool = False
    slack: int | None = None  # ticks that a thread may be late that does not say so itself; None: any
    hz: int = 0  # ticks in a second, 0 if the model does not say
    costs: tuple[str, ...] = ()  # cost counters that were counted
    value: int | None = None
    unit: str = ""
    lasting: tuple[Lasting, ...] = ()
    truths: tuple[Truth, ...] = ()
    spec: str = ""  # the path of the spec as given, "" for a sanitizer without a spec
    spec_digest: str = ""  # of the spec's text

    @property
    def switches(self) -> int:
        """How often the running thread changes along the steps; time that passes is no thread."""
        names = [step.process for step in self.steps if not step.ticks]
        return sum(a != b for a, b in pairwise(names))
