"""`diptych run` on a user's file."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

import diptych
from diptych.cli.main import app
from diptych.graph.calling import Calling


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


def test_result_equality_and_timing(file: Path) -> None:
    result = run(f"{file}:grow")
    assert result.exit_code == 0, result.output
    assert "result:\ntensor([8., 8., 8.])" in result.stdout
    assert "imperative program and graph: equal, bit for bit" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith(("imperative  ", "graph  "))]
    assert len(rows) == 2
    for _, first, median, calls in rows:
        assert float(first) > 0
        assert float(median) > 0
        assert int(calls) > 1


@pytest.mark.parametrize("span", ["[1,2]", "[-2,-1]"])
def test_both_sides_of_a_branch(file: Path, span: str) -> None:
    result = run(f"{file}:sign", "--input", f"N,2:float32{span}", "--input", "float:0.5")
    assert result.exit_code == 0, result.output
    assert "Pair(first=tensor(" in result.stdout
    assert "equal, bit for bit" in result.stdout


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("constant", []),
        ("net", ["N,4"]),
        ("Counter", ["3,4"]),
        ("net.double", ["3"]),
        ("hybrid_net", ["3,4"]),
        ("hybrid_grow", ["3"]),
        ("decorated.method", ["3"]),
        ("write", ["3:int64"]),
        ("write", ["0:float32"]),
        ("grow", [":float32[1,2]"]),
    ],
)
def test_equal(file: Path, name: str, inputs: list[str]) -> None:
    result = run(f"{file}:{name}", *(word for spec in inputs for word in ("--input", spec)))
    assert result.exit_code == 0, result.output
    assert "equal, bit for bit" in result.stdout


def test_other_sizes_than_the_example_are_compared(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diptych.cli import run as command

    result = run(f"{file}:grow", "--input", "N")
    assert result.exit_code == 0, result.output
    assert "symbolic sizes larger by 2: equal, bit for bit" in result.stdout

    monkeypatch.setattr(command, "captured", lambda program, specs: lambda x: program.call(x) + (len(x) > 5))
    result = run(f"{file}:grow", "--input", "N=5")
    assert result.exit_code == 1
    assert "do not agree where symbolic sizes are larger by 2" in result.stderr
    monkeypatch.setattr(command, "captured", lambda program, specs: program.call)
    result = run(f"{file}:only_five", "--input", "N=5")
    assert result.exit_code == 0
    assert "not compared, the program raises RuntimeError" in result.stdout


def test_printed_text_is_shown_once(file: Path) -> None:
    result = run(f"{file}:talks", "--input", "3")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("hello from the program") == 1


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [("checked", "ValueError", "the sum must not be positive"), ("always_raises", "KeyError", "missing")],
)
def test_a_program_that_raises(file: Path, name: str, kind: str, why: str) -> None:
    result = run(f"{file}:{name}", "--input", "3:float32[1,2]")
    assert result.exit_code == 1
    assert f"the program raised {kind} when it ran" in result.stderr
    assert why in result.stderr
    assert "raise " in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_shapes(file: Path) -> None:
    result = run(f"{file}:net", "--input", "3,5")
    assert result.exit_code == 1
    assert "the program raised RuntimeError when it ran" in result.stderr
    assert "y = self.linear(x)" in result.stderr


def save(target: str, path: Path, *inputs: str) -> Path:
    result = CliRunner().invoke(app, ["capture", target, *inputs, "--save", str(path)])
    assert result.exit_code == 0, result.output
    return path


def test_a_saved_graph(file: Path, tmp_path: Path) -> None:
    saved = save(f"{file}:grow", tmp_path / "grow.diptych", "--input", "N")
    for inputs in ([], ["--input", "2"]):
        result = run(saved, *inputs)
        assert result.exit_code == 0, result.output
        assert "result:\ntensor(" in result.stdout
        assert "no imperative program to compare" in result.stdout


def scaled(x: torch.Tensor, scale: float, *rest: torch.Tensor) -> torch.Tensor:
    return sum(rest, x * scale)


def nested(pair: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return pair[0] + pair[1]


def test_a_saved_graph_knows_the_parameters_of_its_program(tmp_path: Path) -> None:
    saved = tmp_path / "scaled.diptych"
    graph = diptych.capture(scaled, torch.ones(2), 0.5, torch.ones(2), torch.ones(1))
    dataclasses.replace(graph, calling=Calling.of(inspect.signature(scaled), {"scale": 0.5})).save(saved)
    result = run(saved)
    assert result.exit_code == 0, result.output
    assert "result:\ntensor([" in result.stdout
    inputs = ["--input", "2", "--input", "float:0.5", "--input", "2", "--input", "1"]
    assert run(saved, *inputs).exit_code == 0
    result = run(saved, "--input", "2")
    assert result.exit_code == 2
    assert "missing a required argument: 'scale'" in result.stderr


def test_a_saved_graph_whose_arguments_cannot_be_made_up(tmp_path: Path) -> None:
    saved = tmp_path / "nested.diptych"
    graph = diptych.capture(nested, (torch.ones(2), torch.zeros(2)))
    dataclasses.replace(graph, calling=Calling.of(inspect.signature(nested))).save(saved)
    result = run(saved)
    assert result.exit_code == 2
    assert "no value for pair can be made up" in result.stderr


def test_a_saved_graph_that_names_a_type_of_the_file_beside_it(file: Path, tmp_path: Path) -> None:
    saved = save(f"{file}:sign", tmp_path / "sign.diptych", "--input", "2", "--input", "float:0.5")
    sys.modules.pop(file.stem)
    result = CliRunner().invoke(app, ["capture", str(saved)])
    assert result.exit_code == 0, result.output
    assert "Pair" in result.stdout


def test_a_saved_graph_with_arguments_that_do_not_fit(file: Path, tmp_path: Path) -> None:
    saved = save(f"{file}:grow", tmp_path / "grow.diptych", "--input", "3")
    result = run(saved, "--input", "2", "--input", "2")
    assert result.exit_code == 2
    assert "cannot be called with 2 arguments" in result.stderr
    result = run(saved, "--input", "4")
    assert result.exit_code == 1
    assert "the graph needs float32[3]; this call has float32[4]" in result.stderr


def test_a_saved_graph_that_raises(file: Path, tmp_path: Path) -> None:
    saved = save(f"{file}:checked", tmp_path / "checked.diptych", "--input", "3")
    result = run(saved, "--input", "3:float32[1,2]")
    assert result.exit_code == 1
    assert "the program raised ValueError when it ran" in result.stderr
    assert run(saved, "--input", "3:float32[-2,-1]").exit_code == 0


def test_a_graph_that_differs_is_reported(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diptych.cli import run as command

    def wrong(program: object, examples: object) -> object:
        return lambda x: x + 1

    monkeypatch.setattr(command, "captured", wrong)
    result = run(f"{file}:grow")
    assert result.exit_code == 1
    assert "do not agree" in result.stderr
    assert "the result differs" in result.stderr
