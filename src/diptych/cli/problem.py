"""What the command line says when something goes wrong: one clear block, and an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from diptych.errors import DiptychError, LoadError

PROGRAM_FAILED = 1
"""Exit code: the program was refused, raised, or its graph gave a different result."""

WRONG_USE = 2
"""Exit code: the command line cannot be carried out as it was given."""


class Problem(DiptychError):
    """An end of the command with exit code `code`: what was seen, where, why that is a problem, what to do."""

    def __init__(self, what: str, where: str = "", why: str = "", remedy: str = "", code: int = WRONG_USE) -> None:
        super().__init__(what, where or None, why, remedy)
        self.code = code


@contextmanager
def reported(with_traceback: bool) -> Generator[None]:
    """Turn an error of Diptych into its block on stderr and an exit code; its traceback too if `with_traceback`."""
    try:
        yield
    except DiptychError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        if with_traceback:
            console.print(Text("".join(traceback.format_exception(error.__cause__ or error))))
        block = Text(f"error: {error}")
        block.highlight_regex(r"\Aerror:", "bold red")
        block.highlight_regex(r"(?m)^  (where|why|remedy):", "bold")
        console.print(block)
        raise typer.Exit(_exit_code(error)) from None


def _exit_code(error: DiptychError) -> int:
    if isinstance(error, Problem):
        return error.code
    return WRONG_USE if isinstance(error, LoadError) else PROGRAM_FAILED
