"""Parameters without a value: what the system of a model looks like that stands for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Quantified, Var
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort
from oomcheck.ir.system import Role, StateVar, TransitionSystem
from oomcheck.ir.walk import subexpressions
from oomcheck.lang.elaborate import Elaborated, elaborate
from oomcheck.lang.load import read_files, read_spec
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.lang.params import open_parameters
from oomcheck.lang.spec import typed_properties
from oomcheck.lang.types import INT_MAX
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import CostBound
from tests.cli.samples import put

HEAD = """model m;
param int N = 7 >= 1;
param int M = 2 in 1 .. 4;
param bool FAST = false;
struct s { bool b = true; spinlock l; int 0..3 two[2]; flags f { ONE, TWO } = { TWO }; s *next; };
bool x; bool a[N]; s o[N];
"""
BODY = "thread t { x = true; }\n"
N = Var("N", IntSort(1, INT_MAX))


def elaborated(folder: Path, model: str, values: Mapping[str, int | str] | None = None) -> Elaborated:
    """The model with N open."""
    return elaborate(read_files(put(folder, "m.oom", model), ()), values or {}, frozenset({"N"}))


def opened(folder: Path, body: str, mode: Mode = UNTIMED) -> Lowered:
    """The system of HEAD and `body` with N open."""
    return lower(elaborated(folder, HEAD + body), mode)


def properties(folder: Path, body: str, spec: str) -> dict[str, Property]:
    """Properties of a spec for HEAD and `body`."""
    tree, _ = read_spec(put(folder, "m.oomspec", 'spec for "m.oom";\n' + spec))
    return typed_properties(tree, opened(folder, body))


def variable(system: TransitionSystem, name: str) -> StateVar:
    """The state variable of this name."""
    return next(v for v in system.variables if v.name == name)


def text(expr: Expr) -> str:
    """An expression in few words; sorts are left out."""
    match expr:
        case Lit(value=value):
            return str(value)
        case Var(name=name):
            return name
        case Index(array=array, index=position):
            return f"{array.name}[{text(position)}]"
        case Apply(op=Op.NOT, args=(arg,)):
            return f"!{text(arg)}"
        case Apply(op=Op.ITE, args=(condition, then, other)):
            return f"({text(condition)} ? {text(then)} : {text(other)})"
        case Apply(op=op, args=args):
            return "(" + f" {op.value} ".join(map(text, args)) + ")"
        case Quantified(kind=kind, variable=variable, low=low, high=high, body=body):
            return f"({kind.value} {variable.name} in {text(low)} .. {text(high)} : {text(body)})"


# ---------------------------------------------------------------- parameters


def test_parameter_is_a_variable_that_is_never_written(tmp_path: Path) -> None:
    """An open parameter is a variable of its own role, at least its lower end; reports call its value any."""
    system = opened(tmp_path, BODY).system
    (parameter,) = system.parametric
    assert (parameter.name, parameter.sort, parameter.init) == ("N", IntSort(1, INT_MAX), (1,))
    assert (parameter.role, parameter.names) == (Role.PARAM, ("N",))
    assert system.params == (("N", "any"), ("M", "2"), ("FAST", "false"))
    assert system.chosen == ("N",)
    assert all(update.target != N for step in system.transitions for update in step.updates)


def test_which_parameters_may_stay_open(tmp_path: Path) -> None:
    """Those are integers with a lower end and without an upper one."""
    body = "model m; param int A >= 1; param int B = 3 >= -2; param int C = 1 in 0 .. 2; param bool D = true;" + BODY
    model = elaborate(read_files(put(tmp_path, "m.oom", body.replace("x = true", "skip")), ()), {"A": 1}).model
    assert open_parameters(model) == ("A", "B")


def test_value_from_outside_closes_a_parameter(tmp_path: Path) -> None:
    """A parameter that has a value anyway is not open."""
    system = lower(elaborated(tmp_path, HEAD + BODY, {"N": 3})).system
    assert system.parametric == ()
    assert variable(system, "a").names == ("a[0]", "a[1]", "a[2]")


def test_open_parameter_ignores_the_value_of_an_import(tmp_path: Path) -> None:
    """What an import says is a default like the one of the declaration."""
    put(tmp_path, "l.oom", "library l; param int N = 2 >= 1; bool a[N];")
    body = 'model m; import "l.oom" with N = 3; bool x; ' + BODY
    system = lower(elaborated(tmp_path, body)).system
    assert [v.name for v in system.parametric] == ["N"]


@pytest.mark.parametrize(("name", "code"), [("X", "E0004"), ("M", "E0308"), ("FAST", "E0308")])
def test_not_every_name_can_be_open(name: str, code: str, tmp_path: Path) -> None:
    """There is such a parameter, and it has no upper bound."""
    with pytest.raises(OomcheckError) as caught:
        elaborate(read_files(put(tmp_path, "m.oom", HEAD + BODY), ()), {"N": 1}, frozenset({name}))
    assert [d.code for d in caught.value.diagnostics] == [code]


# ---------------------------------------------------------------- variables


@pytest.mark.parametrize(
    ("name", "size", "init", "names"),
    [
        ("a", 1, (0,), ("a[#]",)),
        ("s.b", 1, (1,), ("o[#].b",)),
        ("s.two", 2, (0, 0), ("o[#].two[0]", "o[#].two[1]")),
        ("s.f.bits", 2, (0, 1), ("o[#].f.ONE", "o[#].f.TWO")),
        ("s.l.owner", 1, (0,), ("o[#].l.owner",)),
    ],
)
def test_arrays_are_given_by_one_unit(
    name: str, size: int, init: tuple[int, ...], names: tuple[str, ...], tmp_path: Path
) -> None:
    """An array with an open size has the size, first values and names of one unit."""
    found = variable(opened(tmp_path, BODY).system, name)
    assert isinstance(found.sort, ArraySort)
    assert (found.sort.size, found.sort.extent, found.init, found.names) == (size, "N", init, names)


def test_element_of_a_unit(tmp_path: Path) -> None:
    """Element 1 of unit i has the index 2 * i + 1."""
    system = opened(tmp_path, "thread t { for (i in 0 .. N - 1) o[i].two[1] = 3; }").system
    written = {text(u.target) for step in system.transitions for u in step.updates if isinstance(u.target, Index)}
    assert written == {"s.two[((t.i * 2) + 1)]"}


def test_reference_is_a_number(tmp_path: Path) -> None:
    """A reference into an array with an open size is 0 for NULL, and i + 1 for object i."""
    system = opened(tmp_path, "s *p; thread t { p = &o[N - 1]; }").system
    assert variable(system, "p").sort == IntSort(0, INT_MAX)
    assert [(text(u.target), text(u.value)) for u in system.transitions[0].updates] == [("p", "(1 + (N - 1))")]


def test_first_value_refers_to_an_object_that_always_is(tmp_path: Path) -> None:
    """Object 0 is there for every value of N; object 1 is not."""
    assert variable(opened(tmp_path, "s *p = &o[0]; thread t { p = NULL; }").system, "p").init == (1,)
    with pytest.raises(OomcheckError) as caught:
        opened(tmp_path, "s *p = &o[1]; thread t { p = NULL; }")
    assert [d.message for d in caught.value.diagnostics] == [
        "`N` has no value here: some of its values have no element 1"
    ]


# ---------------------------------------------------------------- statements


def test_loop_bound_needs_no_register(tmp_path: Path) -> None:
    """A bound that never changes is compared with itself; the counter is a number from the first value on."""
    system = opened(tmp_path, "thread t { for (i in 0 .. N - 1) a[i] = true; }").system
    assert [v.name for v in system.variables if v.role is Role.LOCAL] == ["t.i"]
    assert variable(system, "t.i").sort == IntSort(0, INT_MAX)
    assert any("(t.i <= (N - 1))" in text(part) for step in system.transitions for part in subexpressions(step.guard))


def test_counter_downwards_may_be_minus_one(tmp_path: Path) -> None:
    """A loop downwards ends one below its last value."""
    system = opened(tmp_path, "thread t { for (i in N - 1 down to 0) a[i] = true; }").system
    assert variable(system, "t.i").sort == IntSort(-1, INT_MAX)


def test_other_parameters_still_decide(tmp_path: Path) -> None:
    """A condition that the other parameters decide is decided, and so is a constant that depends on N nowhere else."""
    body = "const K = FAST ? N : 3; thread t { if (FAST) a[0] = true; else if (K == 3) x = true; else a[1] = true; }"
    (step,) = opened(tmp_path, body).system.transitions
    assert step.guard == TRUE
    assert [update.target for update in step.updates] == [Var("x", BOOL)]


def test_constant_is_an_expression_where_it_is_used(tmp_path: Path) -> None:
    """A constant that depends on an open parameter is computed from it."""
    system = opened(tmp_path, "const K = FAST or N > 3 ? N - 2 : M; int y; thread t { y = K; }").system
    (step,) = system.transitions
    assert [text(update.value) for update in step.updates] == ["((3 < N) ? (N - 2) : 2)"]


@pytest.mark.parametrize(
    ("declared", "value", "faults"),
    [
        ("int y;", "N", 0),  # C's int stands for all integers
        ("int y;", "N * N - 2147483647", 0),
        ("int 0..2147483647 y;", "N", 0),
        ("int 0..2147483647 y;", "2147483647 - N", 1),  # the lower end is one
        ("int 0..5 y;", "N", 1),
        ("int 2..5 y;", "N", 2),
        ("int 0..5 y;", "2147483647 - 2147483647 % 3 - 2147483646", 0),
        ("int 0..5 y;", "(2147483647 - N) / 2000000000", 2),
    ],
)
def test_ranges_are_not_implied_by_the_size_of_an_int(declared: str, value: str, faults: int, tmp_path: Path) -> None:
    """Nothing is left out on the ground that N is a number of C."""
    system = opened(tmp_path, f"{declared} thread t {{ y = {value}; }}").system
    assert [fault.sanitizer for fault in system.faults] == ["range"] * faults


@pytest.mark.parametrize(
    ("declared", "faults"), [("atomic y;", 0), ("atomic 0..2147483647 y;", 1), ("atomic -3..9 y;", 2)]
)
def test_ranges_of_atomics(declared: str, faults: int, tmp_path: Path) -> None:
    """An atomic without a range counts all integers as a plain int does."""
    system = opened(tmp_path, f"{declared} thread t {{ atomic_add(N, y); }}").system
    assert [fault.sanitizer for fault in system.faults] == ["range"] * faults


def test_any_number_of_spinlocks_may_be_held(tmp_path: Path) -> None:
    """The depth of spinlocks of a thread has no bound where the number of locks has none."""
    system = opened(tmp_path, "thread t { for (i in 0 .. N - 1) spin_lock(o[i].l); }").system
    assert variable(system, "t.$preempt").sort == IntSort(0, INT_MAX)


@pytest.mark.parametrize(
    ("index", "faults"),
    [("0", 0), ("1", 1), ("N - 1", 1), ("N - N", 1), ("M", 1)],
)
def test_index_below_an_open_size_is_checked(index: str, faults: int, tmp_path: Path) -> None:
    """An index needs no check only where the lower end of the size says so."""
    assert len(opened(tmp_path, f"thread t {{ a[{index}] = true; }}").system.faults) == faults


def test_index_into_a_known_array_is_checked(tmp_path: Path) -> None:
    """An expression with an open parameter is not known to be small."""
    body = "bool k[2]; thread t { k[(2147483647 - N) / 2000000000] = true; }"
    assert [fault.sanitizer for fault in opened(tmp_path, body).system.faults] == ["range"]


# ---------------------------------------------------------------- quantifiers


def test_quantifier_of_a_property(tmp_path: Path) -> None:
    """A quantifier up to an open size is one of the system; an index that its range implies needs no check."""
    found = properties(tmp_path, BODY, "invariant p : forall i in 0 .. N - 1 : a[i];")["p"]
    assert text(found.formula) == "(forall ?i1 in 0 .. (N - 1) : a[?i1])"
    assert found.defined == TRUE


def test_needs_are_quantified(tmp_path: Path) -> None:
    """What the body needs must hold for each value that is looked at: all before it were true."""
    found = properties(tmp_path, BODY, "invariant p : forall i in 0 .. N : a[i];")["p"]
    stopped = "(exists ?i1< in 0 .. (?i1 - 1) : !a[?i1<])"
    assert text(found.defined) == f"(forall ?i1 in 0 .. N : ({stopped} || ((0 <= ?i1) && (?i1 < N))))"


def test_quantifier_over_objects(tmp_path: Path) -> None:
    """The objects of an array are their references, from 1 on."""
    found = properties(tmp_path, BODY, "never p : exists p in o : !p->b;")["p"]
    assert text(found.formula) == "(exists ?p1 in 1 .. N : !s.b[(?p1 - 1)])"


def test_same_text_gives_the_same_name(tmp_path: Path) -> None:
    """Two uses of a macro are equal, so what is said twice is said once."""
    body = "define all = forall i in 0 .. N - 1 : a[i];"
    found = properties(tmp_path, body + BODY, "never p : all and all; never q : all;")
    assert found["p"].formula == found["q"].formula


def test_nested_quantifiers_have_names_of_their_own(tmp_path: Path) -> None:
    """A quantifier in an argument of a macro that quantifies, and the same macro in its own argument."""
    body = "define some(c) = exists i in 0 .. N - 1 : a[i] and (c);"
    formula = properties(tmp_path, body + BODY, "never p : some(some(x));")["p"].formula
    names = [part.variable.name for part in subexpressions(formula) if isinstance(part, Quantified)]
    assert names == ["?i1", "?i1'"]


def test_range_that_other_parameters_decide(tmp_path: Path) -> None:
    """A range whose ends come out as numbers has its instances."""
    found = properties(tmp_path, BODY, "never p : exists i in 0 .. (FAST ? N : 1) : a[i];")["p"]
    assert not any(isinstance(part, Quantified) for part in subexpressions(found.formula))


def test_left_side_under_a_quantifier(tmp_path: Path) -> None:
    """A left side of an implication must hold for some value."""
    found = properties(tmp_path, BODY, "invariant p : forall i in 0 .. N - 1 : a[i] -> x;")["p"]
    (part,) = found.antecedents
    assert (part.text, text(part.formula)) == ("a[i]", "(exists ?i1 in 0 .. (N - 1) : a[?i1])")


def test_value_that_quantifies_is_read_by_a_quantifier(tmp_path: Path) -> None:
    """In one step, a value that was stored with a quantifier is looked at below another one: no name is bound twice."""
    body = """ghost bool g; thread t { atomic { x = true;
	for (k in 0 .. 1) g = exists i in 0 .. N - 1 : !a[i] and !g; } }"""
    system = opened(tmp_path, body).system
    (value,) = (u.value for step in system.transitions for u in step.updates if u.target == Var("g", BOOL))

    def nested(expr: Expr, above: frozenset[str]) -> bool:
        """Whether a name is bound twice on a way down; tells how deep quantifiers go by the way."""
        if isinstance(expr, Quantified):
            name = expr.variable.name
            return name in above or nested(expr.body, above | {name})
        return isinstance(expr, Apply) and any(nested(arg, above) for arg in expr.args)

    assert not nested(value, frozenset())
    assert sum(isinstance(part, Quantified) for part in subexpressions(value)) == 2


# ---------------------------------------------------------------- locks


def test_locks_of_an_array_are_one_class(tmp_path: Path) -> None:
    """A class has a number for each process; its holder is whoever holds one of its locks."""
    body = "spinlock g; thread t[2] { spin_lock(o[N - 1].l); spin_lock(g); spin_unlock(g); spin_unlock(o[N - 1].l); }"
    system = opened(tmp_path, body).system
    assert [lock.name for lock in system.locks] == ["o[#].l", "o[#].l", "g"]
    assert system.locks[0] == system.locks[1]
    holders = [f"(exists ?#s.l in 0 .. (N - 1) : (s.l.owner[?#s.l] == {number}))" for number in (1, 2)]
    assert list(map(text, system.locks[0].holders)) == holders
    taken = [(step.process, text(step.acquire)) for step in system.transitions if step.acquire is not None]
    assert taken == [(0, "0"), (0, "2"), (1, "1"), (1, "2")]


def test_waiting_for_one_lock_of_a_class(tmp_path: Path) -> None:
    """Who waits for a lock of a class waits for the element that its next step takes."""
    found = properties(
        tmp_path, "thread t { spin_lock(o[0].l); }", "never p : waits(t, o[1].l); never q : waits(t, o[0].l);"
    )
    assert found["p"].formula == FALSE
    assert found["q"].formula != FALSE


def test_end_of_a_thread_that_holds_one(tmp_path: Path) -> None:
    """A thread that takes locks of a class ends without any of them."""
    system = opened(tmp_path, "thread t { spin_lock(o[0].l); }").system
    messages = [fault.message for fault in system.faults if isinstance(fault.guard, Quantified | Apply)]
    assert "t ends while it holds one of o[#].l" in messages


# ---------------------------------------------------------------- properties


def test_cost_of_a_parametric_system(tmp_path: Path) -> None:
    """A counter is bounded by a number, and counts as in any system."""
    body = "thread t[2] { for (i in 0 .. N - 1) { spin_lock(o[i].l) cost met; spin_unlock(o[i].l); } }"
    tree, _ = read_spec(put(tmp_path, "m.oomspec", 'spec for "m.oom"; bound p : max met <= M;'))
    lowered = opened(tmp_path, body, Mode(costs=frozenset({"met"})))
    assert typed_properties(tree, lowered)["p"].temporal == CostBound("met", 2)
    assert sum(step.costs == (("met", 1),) for step in lowered.system.transitions) == 4  # first and later rounds


# ---------------------------------------------------------------- what needs a number


@pytest.mark.parametrize(
    ("body", "at", "why"),
    [
        ("thread t[N] { x = true; }", "N", "threads are counted one by one"),
        ("process P[N] { thread t { x = true; } }", "N", "processes are counted one by one"),
        ("int 0..N y;" + BODY, "N", "a proof for every value"),
        ("bool k[M][N];" + BODY, "N", "only the first size"),
        ("bool k[N - 1];" + BODY, "N", "a proof for every value"),
        ("const K = N + 1; bool k[K];" + BODY, "K", "a proof for every value"),
        ("per_task bool k[N];" + BODY, "k", "only the first size"),
        ("struct u { bool k[N]; }; u v;" + BODY, "k", "only the first size"),
        ("s more[2];" + BODY, "more", "an array of it is all that there is of struct s"),
        ("int y = N;" + BODY, "N", "a proof for every value"),
        ("thread t slack N { x = true; }", "N", "a proof for every value"),
        ("deadline d[N];" + BODY, "d", "the ticks that are left"),
        ("softirq h() { x = true; } timer r[N] = h;" + BODY, "N", "a proof for every value"),
        ("softirq h() { x = true; } struct u { timer r = h; }; u v[N];" + BODY, "r", "each timer has a handler"),
        ("thread t { for (p in o) p->b = true; }", "o", "a set whose values stand one by one"),
        ("thread t { int y; choose y in 0 .. N; x = true; }", "N", "a proof for every value"),
        ("thread t { s *p = kmalloc(o); }", "o", "kmalloc() looks at the objects one by one"),
        ("thread t { if (exists i in 0 .. N - 1 : a[i]) x = true; }", "exists i in 0 .. N - 1 : a[i]", "write a loop"),
        ("ghost int y; thread t { y = count i in 1 .. N : (x); }", "count i in 1 .. N : (x)", "`count` adds up"),
    ],
)
def test_number_needed(body: str, at: str, why: str, tmp_path: Path) -> None:
    """Where a number is needed, E0308 says so at the place, and how to go on."""
    with pytest.raises(OomcheckError) as caught:
        opened(tmp_path, body)
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert (found.code, found.span.text, found.hint) == ("E0308", at, "fix it: -c N=4")
    assert found.message.startswith("`N` has no value here: ")
    assert why in found.message


@pytest.mark.parametrize(
    "statement", ["delay(0 .. N);", "schedule_timeout(2147483647 - N);", "int k = N; delay(0 .. k);"]
)
def test_ticks_have_a_bound(statement: str, tmp_path: Path) -> None:
    """A number of ticks that depends on an open size has no bound; without time it does not matter."""
    body = f"thread t {{ {statement} x = true; }}"
    assert len(opened(tmp_path, body).system.transitions) == 2
    with pytest.raises(OomcheckError) as caught:
        opened(tmp_path, body, Mode(timed=True, slack=0))
    assert [d.code for d in caught.value.diagnostics] == ["E0308"]


def test_countdown_has_all_values_of_what_it_is_started_with(tmp_path: Path) -> None:
    """What is stored to a variable with a range may be any number of it, however small it is for numbers of C."""
    body = "int 0..5 k = N - 2147483643; x = true; x = false; delay(0 .. k);"
    system = opened(tmp_path, f"thread t {{ {body} x = true; }}", Mode(timed=True, slack=0)).system
    assert variable(system, "t.$pause").sort == IntSort(0, 5)


def test_loop_in_an_atomic_block(tmp_path: Path) -> None:
    """A step has a known number of rounds."""
    with pytest.raises(OomcheckError) as caught:
        opened(tmp_path, "thread t { atomic { for (i in 0 .. N - 1) a[i] = true; } }")
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [
        ("E0308", "a loop inside an atomic block has no known number of rounds")
    ]


def test_range_that_comes_out_too_large(tmp_path: Path) -> None:
    """A range that other parameters decide has as many values as any."""
    with pytest.raises(OomcheckError) as caught:
        properties(tmp_path, BODY, "never p : exists i in 0 .. (FAST ? N : 5000) : x;")
    assert [d.code for d in caught.value.diagnostics] == ["E0303"]


def test_quantifier_over_numbers_is_a_value(tmp_path: Path) -> None:
    """A quantifier that reads nothing shared is a value like any other, also of an exchange."""
    system = opened(tmp_path, "thread t { bool old = xchg(x, exists i in 0 .. N - 1 : i == 3); }").system
    values = [text(u.value) for step in system.transitions for u in step.updates if u.target == Var("x", BOOL)]
    assert values == ["(exists ?i1 in 0 .. (N - 1) : (?i1 == 3))"]


def test_limit_of_a_cost_is_a_number(tmp_path: Path) -> None:
    """A bound is compared with a number."""
    body = "thread t { spin_lock(o[0].l) cost met; spin_unlock(o[0].l); }"
    with pytest.raises(OomcheckError) as caught:
        properties(tmp_path, body, "bound p : max met <= N;")
    assert [(d.code, d.span.text if d.span else "") for d in caught.value.diagnostics] == [("E0308", "N")]


def test_runs_for_each_value(tmp_path: Path) -> None:
    """A quantifier over formulas about runs stands for its values."""
    with pytest.raises(OomcheckError) as caught:
        properties(tmp_path, BODY, "ltl p : forall i in 0 .. N - 1 : F a[i];")
    assert [d.code for d in caught.value.diagnostics] == ["E0308"]
