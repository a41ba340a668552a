"""Questions to an engine: found, absent or open, and never a wrong certainty."""

from __future__ import annotations

from oomcheck.explaining.searching import Absent, Found, Open, Searcher
from oomcheck.explicit import Explicit, Means
from oomcheck.ir.expr import TRUE, Expr
from oomcheck.prop.formula import Atom
from oomcheck.prop.property import Kind, Property, sanitizer
from oomcheck.prop.temporal import Liveness
from oomcheck.result.exploration import Limits
from oomcheck.semantics.replay import check_witness
from tests import toys


def never(formula: Expr) -> Property:
    """A property of states."""
    return Property("bad", Kind.NEVER, formula)


def test_found() -> None:
    """A run that decides the property."""
    toy = toys.peterson(broken=True)
    prop = never(toys.both_critical(toy))
    found = Searcher(None, Limits()).ask(toy, prop)
    assert isinstance(found, Found)
    assert check_witness(toy, prop, found.witness) == ""


def test_absent() -> None:
    """All states were visited, and no behaviour ended early."""
    toy = toys.peterson()
    assert Searcher(None, Limits()).ask(toy, never(toys.both_critical(toy))) == Absent()
    assert Searcher(Explicit(Means()), Limits()).ask(toy, never(toys.both_critical(toy))) == Absent()


def test_ended_early() -> None:
    """Behaviour that ends at a fault of another sanitizer is told."""
    toy = toys.use_after_free()
    assert Searcher(None, Limits()).ask(toy, sanitizer("uninit")) == Absent(("lifetime",))


def test_runs() -> None:
    """A property about runs is asked of the graph."""
    toy = toys.blinker()
    prop = Property("live", Kind.LTL, temporal=Liveness(Atom(TRUE)))
    assert Searcher(None, Limits()).ask(toy, prop) == Absent()


def test_limit_of_states() -> None:
    """Too many states leave the question open."""
    answer = Searcher(None, Limits(max_states=3)).ask(toys.counter(9), never(toys.counter(9).at(0, 1)))
    assert answer == Open("state limit 3")


def test_time_is_over() -> None:
    """When the time for all questions is over, none is searched any more."""
    searcher = Searcher(None, Limits(timeout=1e-9))
    assert searcher.stopped == "time limit 1e-09 s"
    assert searcher.ask(toys.counter(1), never(TRUE)) == Open("time limit 1e-09 s")


def test_stop() -> None:
    """A wish to stop leaves all later questions open, with its reason."""
    reasons = ["", "", "interrupted"]
    searcher = Searcher(None, Limits(), lambda: reasons.pop(0) if len(reasons) > 1 else reasons[0])
    assert isinstance(searcher.ask(toys.counter(1), never(TRUE)), Found)
    assert searcher.ask(toys.counter(1), never(TRUE)) == Open("interrupted")
    assert searcher.stopped == "interrupted"


def test_progress() -> None:
    """Who watches hears what each search is about."""
    heard: list[str] = []
    searcher = Searcher(None, Limits(), progress=lambda now: heard.append(now.task))
    searcher.ask(toys.counter(1), never(TRUE), "first")
    searcher.part(0.5).ask(toys.counter(1), never(TRUE), "second")
    assert list(dict.fromkeys(heard)) == ["first", "second"]


def test_part_of_the_time() -> None:
    """A part has its share of the time; without a limit there is none to share."""
    timeout = Searcher(None, Limits(timeout=100)).part(0.25).limits().timeout
    assert timeout is not None
    assert 24 < timeout <= 25
    assert Searcher(None, Limits(max_states=7)).part(0.25).limits() == Limits(max_states=7)
