"""VNN-LIB text becomes unsafe cases."""

from __future__ import annotations

import gzip

import pytest
import torch

from diptych.errors import LoadError
from diptych.interop.vnnlib import load_vnnlib, parse

DECLARED = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)\n"
BOX = "(assert (<= X_0 1.0)) (assert (>= X_0 -1.0)) (assert (and (<= X_1 2) (>= X_1 0)))\n"


def test_a_box_and_a_row() -> None:
    (case,) = parse(DECLARED + BOX + "; comment (\n(assert (<= Y_0 Y_1))")
    assert case.lower.tolist() == [-1, 0]
    assert case.upper.tolist() == [1, 2]
    assert case.by_output.tolist() == [[1, -1]]
    assert case.constants.tolist() == [0]


def test_disjunctions_multiply_out() -> None:
    cases = parse(
        DECLARED + BOX + "(assert (or (and (<= Y_0 1.5) (>= Y_1 2)) (>= Y_0 3)))(assert (or (<= Y_1 0) (<= X_0 0)))"
    )
    assert len(cases) == 4
    points = torch.tensor([[0.5, 1.0], [-0.5, 1.0]]).double()

    def unsafe(first: float, second: float) -> list[bool]:
        results = torch.tensor([[first, second]]).double().expand(2, 2)
        return torch.stack([case.holds(points, results) for case in cases]).any(0).tolist()

    assert unsafe(1.0, 2.5) == [False, True]
    assert unsafe(3.5, -1.0) == [True, True]
    assert unsafe(2.0, -1.0) == [False, False]


def test_boxes_in_disjunctions() -> None:
    cases = parse(DECLARED + BOX + "(assert (or (and (<= X_0 0) (<= Y_0 0)) (and (>= X_0 0.5) (>= Y_0 0))))")
    assert [(c.lower[0].item(), c.upper[0].item()) for c in cases] == [(-1, 0), (0.5, 1)]


def test_linear_terms() -> None:
    (case,) = parse(DECLARED + BOX + "(assert (<= (+ (* 2 Y_0) (- Y_1) X_1) (- 3 (* Y_1 0.5))))")
    assert case.by_output.tolist() == [[2, -0.5]]
    assert case.by_input.tolist() == [[0, 1]]
    assert case.constants.tolist() == [-3]


def test_an_equation_is_two_rows() -> None:
    (case,) = parse(DECLARED + BOX + "(assert (= Y_0 1))")
    assert case.holds(torch.zeros(1, 2).double(), torch.tensor([[1.0, 5.0]]).double()).all()
    assert not case.holds(torch.zeros(1, 2).double(), torch.tensor([[1.1, 5.0]]).double()).any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DECLARED + "(assert (<= X_0 1))", "no lower or no upper bound"),
        (DECLARED + BOX + "(assert (<= (* Y_0 Y_1) 1))", "is not linear"),
        (DECLARED + BOX + "(assert (xor Y_0 Y_1))", "'xor' is not known"),
        (DECLARED + BOX + "(assert (<= Y_0 1)", "not closed"),
        (DECLARED + BOX + ")", "not opened"),
        ("(vnnlib-version <2.0>)", "not known"),
    ],
)
def test_what_is_not_read_is_an_error(text: str, message: str, tmp_path) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text(text)
    with pytest.raises(LoadError, match=message):
        load_vnnlib(path)


def test_packed_files_and_files_that_are_not_there(tmp_path) -> None:
    path = tmp_path / "p.vnnlib.gz"
    path.write_bytes(gzip.compress((DECLARED + BOX + "(assert (<= Y_0 0))").encode()))
    assert len(load_vnnlib(path)) == 1
    path.write_bytes(b"not packed")
    with pytest.raises(LoadError, match="cannot read"):
        load_vnnlib(path)
    with pytest.raises(LoadError, match="cannot read"):
        load_vnnlib(tmp_path / "nothing")
