"""Capture a program for a command: its graph, or the reason in a form that can be shown."""

from __future__ import annotations

import contextlib
import io

import diptych
from diptych.cli.examples import Examples
from diptych.cli.loading import raised
from diptych.cli.target import Program
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph


def captured(program: Program, examples: Examples) -> SymbolicGraph:
    """The one graph of `program`; what it prints while it is captured is not shown."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return diptych.capture(program.call, *examples.arguments, dynamic=examples.dynamic or None)
    except DiptychError:
        raise
    except Exception as error:
        raise raised(error, program.target.path, "while it was captured") from error
