"""The grammar of `--input`, and the data made from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from diptych.cli.examples import make
from diptych.cli.inputs import FileInput, NumberInput, Symbol, TensorInput, parse
from diptych.cli.problem import Problem

MEANINGS = {
    "3": TensorInput((3,), torch.float32),
    "3,4": TensorInput((3, 4), torch.float32),
    "0,4:int64": TensorInput((0, 4), torch.int64),
    "N,1,28,28:float32[0,1]": TensorInput((Symbol("N"), 1, 28, 28), torch.float32, (0.0, 1.0)),
    "N=8,4": TensorInput((Symbol("N", 8), 4), torch.float32),
    "batch,4[-1.5,1e2]": TensorInput((Symbol("batch"), 4), torch.float32, (-1.5, 100.0)),
    ":float32": TensorInput((), torch.float32),
    ":int64[3,3]": TensorInput((), torch.int64, (3.0, 3.0)),
    "[0,1]": TensorInput((), torch.float32, (0.0, 1.0)),
    "2:bool": TensorInput((2,), torch.bool),
    "2:complex64": TensorInput((2,), torch.complex64),
    "int:3": NumberInput(3),
    "int:-3": NumberInput(-3),
    "float:0.5": NumberInput(0.5),
    "float:1e-3": NumberInput(1e-3),
    "bool:true": NumberInput(True),
    "bool:False": NumberInput(False),
    "@data/x.pt": FileInput("data/x.pt"),
}


@pytest.mark.parametrize("spec", MEANINGS)
def test_meaning(spec: str) -> None:
    assert parse(spec) == MEANINGS[spec]
    if isinstance(parse(spec), NumberInput):
        assert type(parse(spec).value) is type(MEANINGS[spec].value)


MISTAKES = {
    "": (0, "empty"),
    "@": (1, "file name"),
    "3,": (2, "a size"),
    "3,,4": (2, "a size"),
    "3,-4": (2, "a size"),
    "3,4.5": (3, "expected ','"),
    "3,4:float31": (4, "one of float32"),
    "3,4:": (4, "one of float32"),
    "N=,4": (2, "example size of N"),
    "3[0": (3, "expected ','"),
    "3[0,": (4, "high end"),
    "3[0,1": (5, "expected ']'"),
    "3[,1]": (2, "low end"),
    "3[2,1]": (1, "is empty"),
    "3:int64[0,1.5]": (7, "whole ends"),
    "3:bool[0,1]": (6, "takes no range"),
    "3[0,1]x": (6, "the end"),
    "int:3.5": (4, "a whole number"),
    "int:": (4, "a whole number"),
    "float:half": (6, "a number"),
    "bool:1": (5, "true or false"),
}


@pytest.mark.parametrize("spec", MISTAKES)
def test_mistake_has_a_caret_and_a_reason(spec: str) -> None:
    at, reason = MISTAKES[spec]
    with pytest.raises(Problem) as found:
        parse(spec)
    shown, caret = found.value.where.split("\n")
    assert shown == f"--input {spec}"
    assert caret.index("^") == len("--input ") + at
    assert reason in found.value.why
    assert "N,1,28,28" in found.value.remedy


def test_data_is_the_same_every_time_and_within_its_range() -> None:
    inputs = [parse("100:float32[2,3]"), parse("100:int64[-1,1]"), parse("100:bool"), parse("3"), parse("int:7")]
    first, second = make(inputs).arguments, make(inputs).arguments
    for a, b in zip(first[:4], second[:4], strict=True):
        assert torch.equal(a, b)
        assert a is not b
    assert first[0].min() >= 2
    assert first[0].max() <= 3
    assert set(first[1].tolist()) == {-1, 0, 1}
    assert set(first[2].tolist()) == {False, True}
    assert first[4] == 7


def test_a_letter_is_one_size_and_different_letters_are_different_sizes() -> None:
    examples = make([parse("N,M"), parse("M,3"), parse("K=5,L")])
    (n, m), (same, _), (k, other) = (a.shape for a in examples.arguments)
    assert same == m
    assert k == 5
    assert len({n, m, k, other}) == 4
    assert examples.dynamic == {0: {0: "N", 1: "M"}, 1: {0: "M"}, 2: {0: "K", 1: "L"}}


def test_many_letters_do_not_run_out_of_sizes() -> None:
    sizes = [argument.shape[0] for argument in make([parse(letter) for letter in "abcdefghijkl"]).arguments]
    assert len(set(sizes)) == 12


def test_one_letter_with_two_examples_is_a_mistake() -> None:
    with pytest.raises(Problem, match="N has two example values: 3 and 4"):
        make([parse("N=3"), parse("N=4")])


@pytest.mark.parametrize("spec", ["999999999999,999999999999", "3:int8[0,1000]"])
def test_data_that_cannot_be_made(spec: str) -> None:
    with pytest.raises(Problem, match="no example data"):
        make([parse(spec)])


def test_saved_tensors(tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    torch.save([torch.arange(3), {"y": torch.ones(())}], file)
    (loaded,) = make([parse(f"@{file}")]).arguments
    assert loaded[0].tolist() == [0, 1, 2]
    assert loaded[1]["y"] == 1


def test_a_file_that_holds_no_tensors(tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    with pytest.raises(Problem, match="there is no file"):
        make([parse(f"@{file}")])
    file.write_text("not tensors")
    with pytest.raises(Problem, match="cannot be read"):
        make([parse(f"@{file}")])
