"""A solver on one SMT-LIB script, in a process of its own.

This file is run by its path and imports nothing of oomcheck: what is checked is the text. For each `check-sat` it
writes one JSON object on a line: `{"answer": "unsat" | "sat" | "unknown", "reason": TEXT}`, or with the answer "error"
and what the solver says, after which it ends.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

USAGE = "solve.py z3|cvc5 FILE MILLISECONDS MEGABYTES"


def commands(text: str) -> Iterator[str]:
    """The commands of a script, each with its parentheses; comments between them are left out."""
    depth, start, position = 0, 0, 0
    while position < len(text):
        character = text[position]
        if character in '|"':
            position = text.find(character, position + 1)
            if position < 0:
                return
        elif character == ";":
            position = text.find("\n", position)
            if position < 0:
                return
        elif character == "(":
            if depth == 0:
                start = position
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                yield text[start : position + 1]
        position += 1


def by_z3(text: str, milliseconds: int) -> Iterator[tuple[str, str]]:
    """What Z3 writes to each command: its own reader, not its programming interface."""
    import z3  # only one of the solvers need be installed

    context = z3.main_ctx().ref()
    z3.Z3_eval_smtlib2_string(context, f"(set-option :timeout {milliseconds})")
    for command in commands(text):
        yield command, z3.Z3_eval_smtlib2_string(context, command).strip()
        if command == "(check-sat)":
            yield "(reason)", z3.Z3_eval_smtlib2_string(context, "(get-info :reason-unknown)").strip()


def by_cvc5(text: str, milliseconds: int) -> Iterator[tuple[str, str]]:
    """What cvc5 writes to each command."""
    import cvc5  # only one of the solvers need be installed

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("incremental", "true")
    solver.setOption("tlimit-per", str(milliseconds))
    symbols = cvc5.SymbolManager(manager)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
    while not (command := parser.nextCommand()).isNull():
        yield str(command).strip(), command.invoke(solver, symbols).strip()


def answers(said: Iterator[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """The answers among what a solver says; the first error ends them."""
    pending: dict[str, str] | None = None
    for command, output in said:
        if pending is not None:
            reason = output if command == "(reason)" and pending["answer"] == "unknown" else pending["reason"]
            yield {**pending, "reason": reason}
            pending = None
        if command == "(reason)":
            continue
        word, _, reason = output.partition(" ")
        if command == "(check-sat)" and (output in ("unsat", "sat") or word == "unknown"):
            pending = {"answer": word, "reason": reason}
        elif output.startswith("(error") or "unsupported" in output or command == "(check-sat)":
            yield {"answer": "error", "reason": output}
            return
    if pending is not None:
        yield pending


def main(arguments: list[str]) -> int:
    """Answer one script within limits of time for each answer and of memory."""
    if len(arguments) != 4 or arguments[0] not in ("z3", "cvc5"):
        sys.stderr.write(f"usage: {USAGE}\n")
        return 2
    solver, path, milliseconds, megabytes = arguments
    limit = int(megabytes) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    text = Path(path).read_text(encoding="utf-8")
    said = by_z3(text, int(milliseconds)) if solver == "z3" else by_cvc5(text, int(milliseconds))
    for answer in answers(said):
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
