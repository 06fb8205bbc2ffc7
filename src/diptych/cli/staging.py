"""Capture a program for a command: its graph, or the reason in a form that can be shown."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import diptych
from diptych.cli.arguments import for_program
from diptych.cli.examples import Examples
from diptych.cli.loading import raised
from diptych.cli.outcome import observe
from diptych.cli.problem import PROGRAM_FAILED, Problem
from diptych.cli.target import Program, find, signature
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph


def captured(program: Program, specs: Sequence[str]) -> SymbolicGraph:
    """The one graph of `program`; what it prints while it is captured is not shown."""
    examples = for_program(program, specs)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return diptych.capture(program.call, *examples.arguments, dynamic=_dynamic(program, examples))
    except DiptychError:
        raise
    except Exception as error:
        raise _explained(error, program, specs) from error


def _dynamic(program: Program, examples: Examples) -> dict[str, list[int]] | None:
    """The symbolic dimensions by parameter, as `diptych.capture` takes them; `*rest` has `rest[0]` and so on."""
    known = signature(program.call)
    if known is None or not examples.dynamic:
        return None
    names: list[str] = []
    for parameter in known.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = len(examples.arguments) - len(names)
            names += [f"{parameter.name}[{number}]" for number in range(rest)]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return {names[number]: list(sizes) for number, sizes in examples.dynamic.items()}


def _explained(error: Exception, program: Program, specs: Sequence[str]) -> Problem:
    """Whose fault `error` is: the program's if it raises by itself as well, or else the capture's."""
    twin = find(program.target)
    alone = observe(twin.call, for_program(twin, specs).arguments, twin.call)
    if alone.error is not None:
        return raised(alone.error, program.target.path, "when it ran")
    return Problem(
        f"the capture failed with {type(error).__name__}, while the program itself runs",
        where=str(program.target),
        why=str(error) or "it gave no message",
        remedy="this is a fault of Diptych; please report it with the program and what --traceback shows",
        code=PROGRAM_FAILED,
    )
