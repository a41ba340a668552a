"""Random walks without time: at each state some thread that can move takes one of its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from oomcheck.ir.system import State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import Witness
from oomcheck.semantics.successors import apply
from oomcheck.simulate.chance import Chance
from oomcheck.simulate.lookout import Lookout, Tally
from oomcheck.simulate.program import Program, Run

#: Hears of how many runs were made, of how many.
Told: TypeAlias = Callable[[int, int], None]
#: Steps of a run between two looks at the wish to stop.
BEAT: Final = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """Runs number `first` to `first + runs - 1` of a seed, each at most `steps` long.

    With `enough` none begins once the runs before it have that many steps together.
    """

    seed: int = 1
    runs: int = 1000
    steps: int = 10_000
    first: int = 1
    enough: int | None = None

    @property
    def numbers(self) -> range:
        """The numbers of the runs."""
        return range(self.first, self.first + self.runs)

    def has_enough(self, steps: int) -> bool:
        """Whether runs of so many steps together do."""
        return self.enough is not None and steps >= self.enough


@dataclass(frozen=True, slots=True)
class Walks:
    """What the runs of a plan did: how many there were, how many the step limit cut, what they ran into.

    `taken` are the transitions that some run took. `stopped` tells why there are fewer runs than planned. In time a
    run ends where a fault halts it; there were `halted` of those.
    """

    runs: int
    steps: int
    cut: int
    tallies: Mapping[str, Tally]
    taken: frozenset[int]
    stopped: str = ""
    halted: int = 0


def walk(
    system: TransitionSystem,
    properties: Sequence[Property],
    plan: Plan,
    should_stop: Callable[[], str] | None = None,
    progress: Told | None = None,
) -> Walks:
    """Walk at random, `plan.runs` times from the initial state.

    First a thread is drawn from those that can move, then one of its steps; so a thread with many choices moves no
    oftener than others. A run ends where nothing can move. A fault is noted and the others go on, as in a search.
    """
    program = Program(system)
    lookout = Lookout(system, properties)
    steps, cut, done, stopped = 0, 0, 0, ""
    taken: set[int] = set()
    for number in plan.numbers:
        if plan.has_enough(steps) or (should_stop is not None and (stopped := should_stop())):
            break
        run = _walk(program, lookout, Chance(plan.seed, number), number, plan.steps, should_stop)
        steps += len(run.steps)
        if any(run.moves):
            cut += len(run.steps) == plan.steps
            stopped = "" if should_stop is None else should_stop()
        taken.update(run.steps)
        done += 1
        if progress is not None:
            progress(done, plan.runs)
    return Walks(done, steps, cut, lookout.tallies, frozenset(taken), stopped)


def _walk(
    program: Program,
    lookout: Lookout,
    chance: Chance,
    number: int,
    limit: int,
    should_stop: Callable[[], str] | None,
) -> Run:
    """One run; if something can still move at its end, it was cut there or stopped."""
    run = Run(program)
    lookout.begin(number, run)
    while len(run.steps) < limit:
        if len(run.steps) % BEAT == BEAT - 1 and should_stop is not None and should_stop():
            break
        movers = [moves for moves in run.moves if moves]
        if not movers:
            lookout.rest(run)
            break
        index = chance.one_of(chance.one_of(movers))
        run.take(index)
        lookout.look(index, run)
    return run


def without_detours(system: TransitionSystem, witness: Witness) -> Witness:
    """The witness without the steps between two visits of the same state, which a random run may make."""
    paths = tuple(_shortened(system, path) for path in witness.paths)
    return Witness(_shortened(system, witness.steps), witness.fault, witness.racing, witness.cycle, paths)


def _shortened(system: TransitionSystem, path: Sequence[int]) -> tuple[int, ...]:
    by_index = {step.index: step for step in system.transitions}
    state = system.initial
    steps: list[int] = []
    states = [state]
    position: dict[State, int] = {state: 0}
    for index in path:
        state = apply(system, by_index[index], state)
        known = position.get(state)
        if known is None:
            steps.append(index)
            states.append(state)
            position[state] = len(steps)
        else:
            for dropped in states[known + 1 :]:
                del position[dropped]
            del steps[known:], states[known + 1 :]
    return tuple(steps)
