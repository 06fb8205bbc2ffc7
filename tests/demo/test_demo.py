"""The demo on a few images: both trainings agree, the files are there, a graph that is wrong is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import diptych
from diptych.demo import data, job
from diptych.demo.__main__ import main
from diptych.demo.train import Plan, train
from diptych.graph.program import SymbolicGraph

SOURCE = Path(__file__).parents[2] / "src"
SMALL = ["--images", "100", "--epochs", "2"]


def test_images_are_real_split_and_chosen_by_the_seed() -> None:
    digits, test = data.load(5000, seed=0)
    assert (len(digits), len(test)) == (4000, 1000)
    assert digits.images.shape == (4000, 1, 28, 28)
    assert digits.images.min() == 0
    assert digits.images.max() == 1
    assert torch.cat([digits.labels, test.labels]).bincount().tolist() == [500] * 10
    few, other = data.load(100, seed=0)[0], data.load(100, seed=1)[0]
    assert torch.equal(few.images, digits.images[:80])
    assert not torch.equal(few.labels, other.labels)


def test_batches_are_every_image_once() -> None:
    digits = data.Digits(torch.arange(10.0).reshape(10, 1), torch.arange(10))
    batches = list(digits.batches(5, seed=0))
    assert sorted(torch.cat([labels for _, labels in batches]).tolist()) == list(range(10))
    assert all(torch.equal(images.squeeze(1), labels.float()) for images, labels in batches)
    assert [len(labels) for _, labels in digits.batches(4, seed=0)] == [4, 4]
    assert not torch.equal(batches[0][1], next(digits.batches(5, seed=1))[1])


def test_the_classifier_takes_every_path() -> None:
    images = torch.rand(10, 1, 28, 28)
    model = job.classifier(0).eval()
    _, _, rounds = model(images)
    assert 0 < rounds < model.most_rounds
    model.settled = 0.0
    assert model(images)[2] == model.most_rounds
    model.sure = 0.0
    guess, answer, rounds = model(images)
    assert rounds == 0
    assert torch.equal(guess, answer)


def test_the_classifier_learns() -> None:
    digits, test = data.load(1000, seed=0)
    epochs = train(job.classifier(0), digits, test, Plan(epochs=3, batch=10, seed=0), lambda images: None)
    assert epochs[-1].loss < epochs[0].loss / 2
    assert epochs[-1].answers.accuracy > 0.75
    assert len(set(epochs[-1].answers.rounds)) > 3


def test_a_training_is_the_same_every_time() -> None:
    digits, test = data.load(100, seed=0)
    plan = Plan(epochs=1, batch=10, seed=0)
    one, other = (train(job.classifier(0), digits, test, plan, lambda images: None) for _ in range(2))
    assert one[0].losses == other[0].losses


def test_the_whole_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "80 MNIST images to train on, 20 to test" in said
    assert "losses, answers and weights are equal" in said
    assert "and 0 imperatively" in said
    assert "model.py:" in said
    assert "NOT" not in said
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"classifier.diptych", "graph.txt", "graph.py", "graph.svg", "report.txt"}
    text = (tmp_path / "graph.txt").read_text()
    assert "cond" in text
    assert "while" in text
    digits, _ = data.load(100, seed=0)
    graph = diptych.load(tmp_path / "classifier.diptych")
    guess, answer, rounds = graph(digits.images[:1])
    assert guess.shape == answer.shape == (1, 10)
    assert isinstance(rounds, int)


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "diptych.demo", *SMALL, "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "losses, answers and weights are equal" in done.stdout


def test_a_wrong_program_is_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = diptych.hybridize

    def biased(module: nn.Module, **options: object) -> nn.Module:
        with torch.no_grad():
            module.early.bias[0] += 1e-3
        return honest(module, **options)

    monkeypatch.setattr(diptych, "hybridize", biased)
    assert main([*SMALL, "--out", str(tmp_path)]) == 1
    assert "do NOT agree" in capsys.readouterr().out


def test_a_graph_that_loads_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loading = SymbolicGraph.load

    def spoiled(path: Path) -> SymbolicGraph:
        graph = loading(path)
        graph.state = {
            name: value + 0.01 if value.is_floating_point() else value for name, value in graph.state.items()
        }
        return graph

    monkeypatch.setattr(diptych, "load", spoiled)
    assert main([*SMALL, "--out", str(tmp_path)]) == 1


@pytest.mark.parametrize("options", [["--images", "5"], ["--images", "5001"], ["--epochs", "0"], ["--batch", "5000"]])
def test_wrong_options(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(options)
    assert stop.value.code == 2
    assert "--images is between" in capsys.readouterr().err
