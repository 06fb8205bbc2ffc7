"""The arguments for a program: from `--input`, from its file, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diptych.cli.examples import Examples, make
from diptych.cli.inputs import FORMS, parse
from diptych.cli.loading import raised
from diptych.cli.problem import Problem
from diptych.cli.target import Program, required, signature


def for_program(program: Program, specs: Sequence[str], larger: int = 0) -> Examples:
    """Example arguments for `program`, new ones at every call, with the same values; symbolic sizes are `larger`."""
    if specs:
        examples = make([parse(spec) for spec in specs], larger)
    elif (given := _from_file(program)) is not None:
        examples = Examples(given, {})
    elif names := required(program.call):
        hook = program.target.name.replace(".", "_") + "_inputs"
        raise Problem(
            f"{program.target} needs {len(names)} argument{'s' * (len(names) > 1)}: {', '.join(names)}",
            where=str(program.target),
            why=f"no --input was given, and the file defines neither {hook} nor example_inputs",
            remedy=f"give one --input for each: {FORMS};\nor let {hook}() in the file return the arguments as a tuple",
        )
    else:
        examples = Examples((), {})
    _check(program, examples)
    return examples


def _from_file(program: Program) -> tuple[Any, ...] | None:
    """What `<name>_inputs` or else `example_inputs` of the file gives; a function is called, one value is a tuple."""
    for name in (program.target.name.replace(".", "_") + "_inputs", "example_inputs"):
        given: Any = getattr(program.module, name, None)
        if given is None:
            continue
        try:
            made = given() if callable(given) else given
        except Exception as error:
            raise raised(error, program.target.path, f"in {name}()") from error
        return tuple(made) if isinstance(made, (tuple, list)) else (made,)
    return None


def _check(program: Program, examples: Examples) -> None:
    known = signature(program.call)
    if known is None:
        return
    try:
        known.bind(*examples.arguments)
    except TypeError as error:
        raise Problem(
            f"{program.target} cannot be called with {len(examples.arguments)} arguments",
            where=f"{program.target.name}{known}",
            why=str(error),
            remedy="give one --input for each argument, in order",
        ) from error
