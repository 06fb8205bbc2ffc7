"""`diptych capture` on a user's file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

import diptych
from diptych.cli.main import app
from diptych.graph.program import SymbolicGraph


def capture(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["capture", *map(str, arguments)])


def test_the_text_of_the_graph(file: Path) -> None:
    result = capture(f"{file}:grow", "--input", "N")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("graph grow(%x: float32[s"), result.stdout
    assert "while" in result.stdout
    assert "programs_of_a_user.py:" in result.stdout
    assert result.stdout == capture(f"{file}:grow", "--input", "N").stdout


def test_a_letter_is_a_symbolic_size(file: Path, tmp_path: Path) -> None:
    saved = tmp_path / "grow.diptych"
    assert capture(f"{file}:grow", "--input", "N", "--save", saved).exit_code == 0
    graph = SymbolicGraph.load(saved)
    for size in (2, 3, 100):
        assert graph(torch.ones(size)).norm() >= 10


def test_letters_in_further_arguments(file: Path) -> None:
    result = capture(f"{file}:total", "--input", "2", "--input", "3,N", "--input", "M")
    assert result.exit_code == 0, result.output
    assert "%first: float32[2]," in result.stdout
    assert "%rest[0]: float32[3, s" in result.stdout
    assert "%rest[1]: float32[s" in result.stdout


def test_inputs_of_the_file(file: Path) -> None:
    result = capture(f"{file}:grow")
    assert result.exit_code == 0, result.output
    assert "float32[3]" in result.stdout


def test_no_arguments(file: Path) -> None:
    result = capture(f"{file}:constant")
    assert result.exit_code == 0, result.output
    assert "arange" in result.stdout


def test_python_runs_alone(file: Path) -> None:
    result = capture(f"{file}:grow", "--python")
    assert result.exit_code == 0, result.output
    assert "while " in result.stdout
    assert "diptych" not in result.stdout.replace("Diptych", "")
    compile(result.stdout, "graph.py", "exec")


def test_a_module(file: Path) -> None:
    for name in ("Counter", "net"):
        result = capture(f"{file}:{name}", "-i", "N,4")
        assert result.exit_code == 0, result.output
        assert "linear.weight" in result.stdout
        assert "cond" in result.stdout


def test_files(file: Path, tmp_path: Path) -> None:
    svg, saved = tmp_path / "graph.svg", tmp_path / "graph.diptych"
    result = capture(f"{file}:grow", "--svg", svg, "--save", saved)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [f"wrote {svg}", f"wrote {saved}"]
    assert "</svg>" in svg.read_text()
    again = capture(saved)
    assert again.exit_code == 0, again.output
    assert again.stdout == capture(f"{file}:grow").stdout


def test_a_file_that_cannot_be_written(file: Path, tmp_path: Path) -> None:
    for option in ("--svg", "--save"):
        result = capture(f"{file}:grow", option, tmp_path / "no_such_folder" / "graph")
        assert result.exit_code == 2
        assert "cannot be written" in result.stderr


def test_a_saved_graph_takes_no_input(file: Path, tmp_path: Path) -> None:
    saved = tmp_path / "graph.diptych"
    capture(f"{file}:grow", "--save", saved)
    result = capture(saved, "--input", "3")
    assert result.exit_code == 2
    assert "a saved graph takes no --input" in result.stderr


def test_wrong_shapes_are_the_programs_error(file: Path) -> None:
    result = capture(f"{file}:net", "--input", "3,5")
    assert result.exit_code == 1
    assert "raised RuntimeError when it ran" in result.stderr
    assert "y = self.linear(x)" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_number_instead_of_a_tensor(file: Path) -> None:
    result = capture(f"{file}:grow", "--input", "int:3")
    assert result.exit_code == 1
    assert "has no attribute 'norm'" in result.stderr


def test_what_the_program_prints_is_not_mixed_into_the_graph(file: Path) -> None:
    result = capture(f"{file}:talks", "--input", "3")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("graph talks")


def test_a_failure_of_the_capture_is_not_blamed_on_the_program(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise IndexError("lost a value")

    monkeypatch.setattr(diptych, "capture", fails)
    result = capture(f"{file}:grow")
    assert result.exit_code == 1
    assert "the capture failed with IndexError, while the program itself runs" in result.stderr
    assert "lost a value" in result.stderr
    assert "the program raised KeyError" in capture(f"{file}:always_raises", "--input", "3").stderr


def test_why_says_what_became_of_each_line(file: Path) -> None:
    result = capture(f"{file}:grow", "--input", "3", "--why")
    assert result.exit_code == 0, result.output
    assert "2 calls by graph, 1 imperative (1 of them observed" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if "while x.norm() < 10:" in line]
    assert line.split()[1] == "staged"


def test_why_as_json(file: Path) -> None:
    result = capture(f"{file}:sign", "--input", "3", "--input", "float:2.0", "--why", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["calls"] == {"graph": 2, "imperative": 1, "observed": 1, "fallbacks": 0}
    lines = {line["text"]: line["became"] for line in data["graphs"][0]["lines"]}
    assert lines["if x.sum() > 0:"] == "staged"
    assert lines["return Pair(-x, 0)"] == "computed"


def test_json_without_why_is_wrong_use(file: Path) -> None:
    result = capture(f"{file}:grow", "--input", "3", "--json")
    assert result.exit_code == 2
    assert "--why" in result.stderr
