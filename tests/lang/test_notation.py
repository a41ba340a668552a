"""Conditions over states as text of the language, and what that text means when it is read again."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.diag.span import Source
from oomcheck.ir.expr import FALSE, TRUE, Apply, Expr, Index, Lit, Var, and_, eq, exists, forall, index, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, IntSort, bounds, scalar_of
from oomcheck.ir.system import Role, State, TransitionSystem
from oomcheck.lang.build_spec import build_spec
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.inside import place_names
from oomcheck.lang.load import read_files
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.notation import notation, notations
from oomcheck.lang.parsing import parse
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.property import Kind, Property
from oomcheck.semantics.evaluate import evaluate
from oomcheck.transform.narrow import narrowed
from oomcheck.transform.slice import sliced

ROOT = Path(__file__).parents[2] / "models"
NUMBER = IntSort(-100, 100)
MODELS: dict[str, tuple[tuple[str, str], ...]] = {
    "traversal.oom": (("FIX", "V6_18"), ("NVMA", "2")),
    "oom_v6_18.oom": (),
    "reaper_queue.oom": (),
    "examples/peterson.oom": (),
    "examples/bounded_buffer.oom": (),
    "examples/csma_cd.oom": (),
    "examples/peterson2.oom": (),
}


@cache
def lowered(path: str, symbolic: frozenset[str] = frozenset()) -> Lowered:
    """A model of the repository, read without time."""
    values = {name: value for name, value in MODELS[path] if name not in symbolic}
    return lower(elaborate(read_files(ROOT / path, ()), values, symbolic), Mode(False, None, frozenset()))


def read_again(model: Lowered, texts: Iterable[str]) -> list[Property]:
    """The texts as lemmas of a spec, in order."""
    lines = ['spec for "m";', *(f"lemma l{number} : {text};" for number, text in enumerate(texts))]
    source = Source("m.oomspec", "\n".join(lines))
    return list(typed_properties(build_spec(parse(source, "spec")[0], source), model).values())


def var(system: TransitionSystem, name: str) -> Var:
    """A variable by its name."""
    return next(v.var for v in system.variables if v.name == name)


def number(value: int) -> Lit:
    """A number."""
    return Lit(value, NUMBER)


# ---------------------------------------------------------------- what is written is what is meant


class Draws:
    """Random conditions and states of a system; the seed decides all of them."""

    def __init__(self, system: TransitionSystem, seed: int) -> None:
        self.system = system
        self.random = random.Random(seed)

    def state(self) -> State:
        """Any values of the sorts, mostly small ones."""
        ends = map(bounds, self.system.slot_sorts)
        return tuple(self.random.randint(max(low, -3), min(high, 20)) for low, high in ends)

    def slot(self, depth: int) -> Var | Index:
        """A scalar, or an element that a number chooses, which may miss the array."""
        variable = self.random.choice(self.system.variables)
        if not isinstance(variable.sort, ArraySort):
            return variable.var
        known = number(self.random.randrange(variable.sort.size + 1))
        return index(variable.var, known if self.random.random() < 0.8 else self.number(depth - 1))

    def number(self, depth: int) -> Expr:
        """A value of any sort."""
        if depth <= 0 or self.random.random() < 0.3:
            return self.slot(depth) if self.random.random() < 0.6 else number(self.random.randint(-3, 5))
        match self.random.randrange(7):
            case 0:
                return Apply(Op.NEG, (self.number(depth - 1),))
            case 1:
                return Apply(Op.ITE, (self.condition(depth - 1), self.number(depth - 1), self.number(depth - 1)))
            case _:
                op = self.random.choice([Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD])
                return Apply(op, (self.number(depth - 1), self.number(depth - 1)))

    def condition(self, depth: int) -> Expr:
        """A truth value."""
        below = depth - 1
        if depth <= 0:
            return self.compared(below)
        match self.random.randrange(12):
            case 0 | 1 | 2 | 3:
                return self.compared(below)
            case 4:
                held = [holder for lock in self.system.locks for holder in lock.holders]
                return self.random.choice(held) if held else TRUE
            case 5:
                return Apply(Op.NOT, (self.condition(below),))
            case 6:
                op = self.random.choice([Op.EQ, Op.NE, Op.LT, Op.LE])
                return Apply(op, (self.number(below), self.number(below)))
            case 7:
                return Apply(Op.ITE, (self.condition(below), self.condition(below), self.condition(below)))
            case 8:
                return Apply(self.random.choice([Op.EQ, Op.NE]), (self.condition(below), self.condition(below)))
            case _:
                parts = tuple(self.condition(below) for _ in range(self.random.randint(2, 4)))
                return Apply(self.random.choice([Op.AND, Op.OR]), parts)

    def compared(self, depth: int) -> Expr:
        """A slot with a value of its sort, or with another slot."""
        slot = self.slot(depth)
        sort = scalar_of((slot.array if isinstance(slot, Index) else slot).sort)
        low, high = bounds(sort)
        value = Lit(self.random.randint(max(low, -3), min(high, 20)), sort)
        other = value if self.random.random() < 0.8 else self.slot(depth)
        return Apply(self.random.choice([Op.EQ, Op.NE]), (slot, other))


@pytest.mark.parametrize("path", list(MODELS)[:-1])
def test_text_means_the_condition(path: str) -> None:
    """What is read again has the same value in any state, and always has a meaning."""
    model = lowered(path)
    draws = Draws(model.system, 7)
    conditions = [draws.condition(3) for _ in range(120)]
    lemmas = read_again(model, notations(model.system, conditions))
    slot = model.system.slot
    for _ in range(25):
        state = draws.state()
        for condition, lemma in zip(conditions, lemmas, strict=True):
            assert bool(evaluate(lemma.formula, state, slot)) == bool(evaluate(condition, state, slot))
            assert evaluate(lemma.defined, state, slot) == 1


def same_state(reduced: TransitionSystem, whole: TransitionSystem, state: State) -> State:
    """A state of the whole system as one of the reduced system."""
    by_name = {v.name: state[whole.slot[v.name]] for v in whole.variables if not isinstance(v.sort, ArraySort)}
    shown = {
        name: state[whole.slot[v.name] + element]
        for v in whole.variables
        if v.role not in (Role.LOCAL, Role.PC)
        for element, name in enumerate(v.names)
    }
    return tuple(by_name[v.name] if v.name in by_name else shown[v.names[i]] for v, i in reduced.slots)


@pytest.mark.parametrize("path", ["traversal.oom", "reaper_queue.oom"])
@pytest.mark.parametrize("reduction", [narrowed, sliced])
def test_text_of_a_reduced_system(path: str, reduction: object) -> None:
    """A condition over a system without what nobody asks about means the same in the whole system."""
    model = lowered(path)
    asked = [Property("done", Kind.NEVER, model.system.at(0, 1))]
    assert callable(reduction)
    reduced = reduction(model.system, asked).system
    assert len(reduced.slots) < len(model.system.slots)
    draws, states = Draws(reduced, 3), Draws(model.system, 4)
    conditions = [draws.condition(2) for _ in range(80)]
    lemmas = read_again(model, notations(reduced, conditions))
    for _ in range(25):
        state = states.state()
        small = same_state(reduced, model.system, state)
        for condition, lemma in zip(conditions, lemmas, strict=True):
            found = bool(evaluate(lemma.formula, state, model.system.slot))
            assert found == bool(evaluate(condition, small, reduced.slot))


# ---------------------------------------------------------------- how it reads


def test_words_of_the_model() -> None:
    """Places, ends, locals, flags, locks, objects and the members of types have the names that the model gives them."""
    system = lowered("traversal.oom").system
    element = [number(0), number(1)]
    spin = index(var(system, "vm_area_struct.ptl.owner"), element[1])
    pointer = var(system, "exiting[0].mm'2")
    flags = var(system, "mm_struct.flags.bits")
    done = system.processes[0].done
    assert done is not None
    written = [
        (system.at(0, 1), 'exiting[0] at "line 90: spin_lock(vma[v].ptl)"'),
        (not_(system.at(0, 1)), '!(exiting[0] at "line 90: spin_lock(vma[v].ptl)")'),
        (system.at(0, done), "dead(exiting[0])"),
        (eq(var(system, "reaper[0].v'2"), number(1)), "local(reaper[0], v, 2) == 1"),
        (eq(pointer, Lit(1, scalar_of(pointer.sort))), "local(exiting[0], mm, 2) == &victim_mm"),
        (not_(eq(pointer, Lit(0, scalar_of(pointer.sort)))), "local(exiting[0], mm, 2) != NULL"),
        (index(flags, element[1]), "internal(test_bit(MMF_OOM_SKIP, victim_mm.flags))"),
        (eq(spin, Lit(2, scalar_of(spin.array.sort))), "internal(holds(reaper[0], vma[1].ptl))"),
        (system.locks[2].holders[0], "internal(holds(exiting[0], victim_mm.mmap_lock))"),
        (index(var(system, "vm_area_struct.$alive"), element[0]), "alive(&vma[0])"),
        (index(var(system, "zapped"), element[1]), "zapped[1]"),
        (not_(var(system, "missed")), "!missed"),
        (
            eq(index(var(system, "mm_struct.mmap_lock.read_waiter"), element[1]), number(2)),
            'internal("victim_mm.mmap_lock.read_waiter[reaper[0]]") == 2',
        ),
        (
            or_(not_(system.at(0, done)), not_(index(var(system, "zapped"), element[0])), var(system, "missed")),
            "!(dead(exiting[0]) && zapped[0]) || missed",
        ),
    ]
    assert [notation(system, condition) for condition, _ in written] == [text for _, text in written]


def test_places_of_one_name_are_told_apart() -> None:
    """From the second on they have a number, and a name finds its place again."""
    system = lowered("oom_v6_18.oom").system
    for process in system.processes:
        names = place_names(process)
        assert len(set(names)) == len(names)
    names = place_names(system.processes[0])
    assert names[1:4] == ("line 45: get_signal()", "line 45: get_signal() #2", "line 45: get_signal() #3")
    texts = [notation(system, system.at(0, 2))]
    assert texts == ['victim.t[0] at "line 45: get_signal() #2"']
    assert read_again(lowered("oom_v6_18.oom"), texts)[0].formula == system.at(0, 2)


def test_long_conjunctions_are_broken() -> None:
    """Each part of a condition that is too long for a line has a line."""
    system = lowered("traversal.oom").system
    parts = [not_(system.at(0, place)) for place in range(3)]
    assert notation(system, and_(*parts)) == (
        '!(exiting[0] at "line 188: down_read(mm->mmap_lock)")\n'
        '\t&& !(exiting[0] at "line 90: spin_lock(vma[v].ptl)")\n'
        '\t&& !(exiting[0] at "line 188: down_read(mm->mmap_lock) #2")'
    )


def test_every_size() -> None:
    """Quantifiers get names that nothing else has; an index into an array of any size stands where the model has it."""
    model = lowered("traversal.oom", frozenset({"NVMA"}))
    system = model.system
    bound, zero = Var("?v1", IntSort(0, 2**31 - 1)), number(0)
    last = Apply(Op.SUB, (system.parametric[0].var, number(1)))
    mapped = index(var(system, "vm_area_struct.mapped"), bound)
    visited = Apply(Op.SUB, (var(system, "exiting[0].v"), number(1)))
    zapped = index(var(system, "zapped"), bound)
    owner = index(var(system, "vm_area_struct.ptl.owner"), bound)
    written = [
        (forall(bound, zero, last, not_(mapped)), "internal(forall i in 0 .. NVMA - 1 : !vma[i].mapped)"),
        (
            exists(bound, zero, last, eq(owner, Lit(1, scalar_of(owner.array.sort)))),
            "internal(exists i in 0 .. NVMA - 1 : holds(exiting[0], vma[i].ptl))",
        ),
        (forall(bound, zero, visited, zapped), "internal(forall i in 0 .. local(exiting[0], v) - 1 : zapped[i])"),
    ]
    texts = [notation(system, condition) for condition, _ in written]
    assert texts == [text for _, text in written]
    assert [notation(system, lemma.formula) for lemma in read_again(model, texts)] == texts


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ('reaper[0] at "line 149: down_read_trylock(mm->mmap_loc)"', "E0214", "line 149: down_read_trylock("),
        ('exiting[0] at "reaping"', "E0214", ""),
        ("local(reaper[0], attempt) == 1", "E0201", "`attempts`"),
        ("local(reaper[0], v, 9) == 1", "E0201", ""),
        ("local(reaper[0]) == 1", "E0204", ""),
        ("local(reaper[0], 3) == 1", "E0203", ""),
        ('internal("victim_mm.mmap_lock.read_waite[reaper[0]]")', "E0201", "read_waiter[reaper[0]]"),
        ('internal("zapped")', "E0201", "give an index"),
        ('internal("zappe", 0)', "E0201", "`zapped`"),
        ('other("zapped", 0)', "E0211", ""),
        ("internal(missed, missed)", "E0204", ""),
    ],
)
def test_unknown_names(text: str, code: str, hint: str) -> None:
    """What nothing is called is an error with its place, and the nearest names."""
    with pytest.raises(OomcheckError) as failure:
        read_again(lowered("traversal.oom"), [text])
    (found,) = failure.value.diagnostics
    assert found.code == code
    assert hint in found.hint
    assert found.span is not None


@pytest.mark.parametrize("text", ['t at "end"', "local(t, x) == 1", 'internal("x") == 1', "internal(x) == 1"])
def test_models_do_not_look_inside(text: str, tmp_path: Path) -> None:
    """Statements of a model cannot name what only a proof sees."""
    path = tmp_path / "m.oom"
    path.write_text(f"model m;\nint 0..1 x;\nthread t {{ int x = 1; assert {text}; }}\n", encoding="utf-8")
    with pytest.raises(OomcheckError) as failure:
        elaborate(read_files(path, ()), {})
    assert [found.code for found in failure.value.diagnostics] == ["E0217"]


def test_a_word_of_the_model_comes_first(tmp_path: Path) -> None:
    """A model may call something of its own `local` or `internal`."""
    path = tmp_path / "m.oom"
    path.write_text("model m;\ndefine local(a) = a + 1;\nint 0..9 internal;\nthread t { internal = 2; }\n", "utf-8")
    model = lower(elaborate(read_files(path, ()), {}))
    (lemma,) = read_again(model, ["local(internal) == 3"])
    values: Mapping[int, bool] = {2: True, 1: False}
    slot = model.system.slot
    for value, expected in values.items():
        state = tuple(value if v.name == "internal" else 0 for v, _ in model.system.slots)
        assert bool(evaluate(lemma.formula, state, slot)) == expected


def test_literals() -> None:
    """Truth values alone."""
    system = lowered("traversal.oom").system
    assert notations(system, [TRUE, FALSE]) == ("true", "false")
