"""The command `diptych`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from diptych.cli import capture, run, verify

app = typer.Typer(
    name="diptych",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("capture", epilog=capture.EXAMPLES)(capture.capture)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("verify", epilog=verify.EXAMPLES)(verify.verify)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        typer.echo(f"diptych {version('diptych')}")
    except PackageNotFoundError:
        typer.echo("diptych (run from its source, not installed)")
    raise typer.Exit


@app.callback(epilog=capture.EXAMPLES + "".join(c.EXAMPLES.partition("\n\n")[2] for c in (run, verify)))
def main(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Diptych: imperative PyTorch programs and their symbolic graphs.

    TARGET is file.py:name or a saved graph. Exit codes: 0 all well; 1 the program was refused, raised, or its graph
    gave something else; 2 the command line could not be carried out as it was given. `verify` has its own.
    """


if __name__ == "__main__":
    app()
