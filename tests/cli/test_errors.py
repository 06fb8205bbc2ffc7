"""What goes wrong on the command line: one block on stderr, nothing on stdout, the exit code of the convention."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from diptych.cli.main import app

SOURCE = Path(__file__).parents[2] / "src"

WRONG_USE = {
    "no file": (["missing.py:f"], "there is no file missing.py"),
    "no name": (["{file}:missing"], "has no missing"),
    "not callable": (["{file}:number"], "of type int and cannot be called"),
    "no input": (["{file}:sign"], "needs 2 arguments: x, scale"),
    "too few inputs": (["{file}:sign", "--input", "3"], "cannot be called with 1 arguments"),
    "too many inputs": (["{file}:grow", "--input", "3", "--input", "3"], "cannot be called with 2 arguments"),
    "bad input": (["{file}:grow", "--input", "3,x!"], "does not follow the grammar"),
    "no input file": (["{file}:grow", "--input", "@missing.pt"], "there is no file missing.pt"),
    "not a graph": (["{text}"], "text.diptych"),
    "not python": (["{broken}:f"], "is not valid Python"),
}


@pytest.mark.parametrize("command", ["capture", "run"])
@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use(file: Path, command: str, name: str) -> None:
    text, broken = file.parent / "text.diptych", file.parent / "broken.py"
    text.write_text("this is no graph")
    broken.write_text("def f(:\n")
    arguments, said = WRONG_USE[name]
    given = [a.format(file=file, text=text, broken=broken) for a in arguments]
    result = CliRunner().invoke(app, [command, *given])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert "remedy:" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["capture"], ["run"], ["paint", "x.py:f"], ["run", "x.py:f", "--python"]])
def test_wrong_options(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_help_and_version() -> None:
    for arguments in ([], ["capture"], ["run"]):
        result = CliRunner().invoke(app, [*arguments, "--help"])
        assert result.exit_code == 0
        assert "Examples" in result.stdout
        assert "--input N" in result.stdout
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("diptych ")


def test_a_file_that_raises_is_shown_by_its_own_line(file: Path) -> None:
    file.write_text("import torch\ntorch.ones(2) @ torch.ones(3)\n")
    result = CliRunner().invoke(app, ["run", f"{file}:f"])
    assert result.exit_code == 1
    assert f"{file}:2, in <module>" in result.stderr
    assert "torch.ones(2) @ torch.ones(3)" in result.stderr
    assert "Traceback" not in result.stderr


def test_traceback_is_shown_when_asked_for(file: Path) -> None:
    file.write_text("1 / 0\n")
    result = CliRunner().invoke(app, ["run", f"{file}:f", "--traceback"])
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert result.stderr.rstrip().splitlines()[-1].startswith("  remedy:")


def test_inputs_of_the_file_that_raise(file: Path) -> None:
    file.write_text("def f(x):\n    return x\n\ndef f_inputs():\n    raise ValueError('no data')\n")
    result = CliRunner().invoke(app, ["run", f"{file}:f"])
    assert result.exit_code == 1
    assert "raised ValueError in f_inputs()" in result.stderr


def test_in_a_process_of_its_own(file: Path) -> None:
    command = [sys.executable, "-m", "diptych.cli.main", "run", f"{file}:missing"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {file} has no missing\n")
