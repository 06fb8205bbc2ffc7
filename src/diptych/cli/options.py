"""The arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

TargetText = Annotated[
    str, typer.Argument(metavar="TARGET", help="file.py:name (a function, a module, a dotted name), or a saved graph.")
]

InputTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="SPEC",
        show_default=False,
        help="One argument, in order; give it once for each. N,1,28,28:float32[0,1] is a tensor of random numbers "
        "(sizes, then dtype and range if wanted; a letter is a symbolic size, N=8 gives its example), "
        ":float32 one with no dimensions, int:3 float:0.5 bool:true a Python number, @file.pt a saved tensor. "
        "Without it: NAME_inputs() or example_inputs() of the file.",
    ),
]

Traceback = Annotated[bool, typer.Option("--traceback", help="Show the full traceback of an error.")]
