"""`oomcheck info`: a model in numbers, and the places where one step sees more than one shared place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from oomcheck.ir.sorts import bounds
from oomcheck.lang import model as m
from oomcheck.lang.atomicity import wide_places
from oomcheck.lang.costs import counters
from oomcheck.lang.lower import Lowered, show_param
from oomcheck.lang.types import EnumType, FlagsType, ObjectType, show_type


def render_info(lowered: Lowered) -> str:
    """The whole text, sections in a fixed order."""
    model = lowered.elaborated.model
    used = any(variable.name.startswith("rcu") for variable in lowered.system.variables)
    implied = set() if used else {"rcu"}
    lines = [f"model {model.name}" + (f" of {model.kernel}" if model.kernel else "")]
    lines += ["", "parameters:", *(_params(model) or ["  none"])]
    lines += ["", "threads:", *_threads(lowered)]
    lines += ["", "objects and variables:", *(_storages(model, implied) or ["  none"])]
    costs = [f"  {name}: {', '.join(map(str, spans))}" for name, spans in counters(model).items()]
    lines += ["", "costs, and where they count waits:", *costs] if costs else []
    wide = [f"  {span}: {text}" for span, text in wide_places(model)]
    lines += ["", "one step that sees several shared places at once:", *(wide or ["  none"])]
    lines += ["", *_size(lowered)]
    return "".join(line + "\n" for line in lines)


def _params(model: m.Model) -> list[str]:
    lines = []
    for param, (_, value) in zip(model.params, _values(model), strict=True):
        limits = ""
        if param.low is not None:
            limits = f" in {param.low} .. {param.high}" if param.high is not None else f" (>= {param.low})"
        elif isinstance(param.type, EnumType):
            limits = f" in {{ {', '.join(param.type.members)} }}"
        lines.append(f"  {param.name} = {value}{limits}" + (f"   @ {param.source}" if param.source else ""))
    return lines


def _values(model: m.Model) -> Iterator[tuple[str, str]]:
    for param in model.params:
        yield param.name, show_param(param)


def _threads(lowered: Lowered) -> list[str]:
    lines = []
    counts = Counter(transition.process for transition in lowered.system.transitions)
    for number, process in enumerate(lowered.system.processes):
        words = [process.kind.value]
        if process.daemon:
            words.append("daemon")
        if process.fairness:
            words.append(f"{process.fairness} fairness")
        words.append("slack any" if process.slack is None else f"slack {process.slack}")
        steps = counts[number]
        lines.append(f"  {process.name}: {', '.join(words)}; {len(process.locations)} locations, {steps} steps")
    return lines


def _storages(model: m.Model, implied: set[str]) -> list[str]:
    """All but those that nobody declared and nothing uses."""
    lines = []
    for storage in model.storages:
        if storage.heap or not storage.size or storage.key in implied:
            continue
        kind = storage.type
        if isinstance(kind, FlagsType):
            text = f"flags {{ {', '.join(kind.bits)} }}"
        elif isinstance(kind, ObjectType):
            text = kind.kind + (f" ({kind.variant})" if kind.variant else "")
        else:
            text = re.sub(r"^an? (value of )?", "", show_type(kind))
        words = [w for w, on in (("ghost", storage.ghost), ("marked", storage.marked)) if on]
        count = f" x {storage.size}" if storage.size > 1 else ""
        lines.append(f"  {storage.key}{count}: {' '.join([*words, text])}")
    return lines


def _size(lowered: Lowered) -> list[str]:
    """The state vector, as packed bits and as slots."""
    system = lowered.system
    bits = sum(max(high - low, 0).bit_length() for low, high in map(bounds, system.slot_sorts))
    steps = f"{len(system.transitions)} transitions, {len(system.faults)} possible faults"
    return [f"state vector: {len(system.slot_sorts)} variables, {bits} bits packed; {steps}"]
