"""Native code at the edges: numbers out of range, NaN, other dtypes, options; the imperative program is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import diptych

INF, NAN = float("inf"), float("nan")
X = torch.arange(12.0).reshape(3, 4)
SQUARE = torch.tensor([[0.1, -0.7, 1.0, 5.0], [0.3, 2.5, -2.5, 6.0], [3.0, 3.0, 0.5, 7.0]])
SPECIAL = torch.tensor([[0.0, -0.0, 1.0, -1.0, INF], [NAN, 2.5, -2.5, 0.5, -0.5], [3.0, 3.0, 1e-30, -7.0, 7.0]])

INDEXED: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], Any], int]] = {
    "embedding": (lambda x, i: F.embedding(i, x), 3),
    "gather": (lambda x, i: x.gather(1, i[None]), 4),
    "gather of rows": (lambda x, i: x.gather(0, i[None]), 3),
    "index_select": (lambda x, i: x.index_select(0, i), 3),
    "rows": (lambda x, i: x[i], 3),
    "columns": (lambda x, i: x[:, i], 4),
    "both": (lambda x, i: x[i, i], 3),
    "take": (lambda x, i: x.take(i), 12),
    "scatter": (lambda x, i: x.scatter(1, i[None], 5.0), 4),
    "scatter_add": (lambda x, i: x.scatter_add(0, i[None], x[:1, :2]), 3),
    "index_add": (lambda x, i: x.index_add(0, i, x[:2]), 3),
    "index_add with a factor": (lambda x, i: x.index_add(0, i, x[:2], alpha=2), 3),
    "index_copy": (lambda x, i: x.index_copy(0, i, x[:2]), 3),
    "index_fill": (lambda x, i: x.index_fill(0, i, 7.0), 3),
    "index_put": (lambda x, i: x.index_put((i,), x[:2], accumulate=True), 3),
    "one row": (lambda x, i: x[i[0]], 3),
    "one row by a number": (lambda x, i: x[i[0].item(), 1], 3),
    "one_hot": (lambda x, i: F.one_hot(i, 3).float() @ x, 3),
    "nll_loss": (lambda x, i: F.nll_loss(x[:2].log_softmax(1), i), 4),
    "cross_entropy": (lambda x, i: F.cross_entropy(x[:2], i, ignore_index=2, reduction="sum"), 4),
}
"""Programs of a tensor and of two numbers, and how many numbers there are."""

ODD: dict[str, tuple[Callable[[torch.Tensor], Any], torch.Tensor]] = {
    "rounded to a digit": (lambda x: x.round(decimals=1), SPECIAL),
    "bounds that are NaN": (lambda x: torch.clamp(x, x.flip(0), x.flip(1)), SPECIAL),
    "a bound that is NaN": (lambda x: x.clamp(min=NAN), SPECIAL),
    "a determinant": (lambda x: torch.linalg.det(x[:, :3]), SQUARE),
    "its logarithm": (lambda x: torch.linalg.slogdet(x[:, :3])[1], SQUARE),
    "a system of equations": (lambda x: torch.linalg.solve(x[:, :3] + 5 * torch.eye(3), x), SQUARE),
    "a determinant of rows": (lambda x: torch.linalg.det(x[:, :3].contiguous()), SQUARE),
    "smooth_l1_loss": (lambda x: F.smooth_l1_loss(x, x.flip(0)), SPECIAL),
    "roots of negative zero": (lambda x: x**0.5, SPECIAL),
    "heaviside": (lambda x: torch.heaviside(x.detach(), torch.tensor(0.5)), X.double()),
    "binary_cross_entropy of what is no probability": (lambda x: F.binary_cross_entropy(x, x), X),
    "binary_cross_entropy of two dtypes": (lambda x: F.binary_cross_entropy(x.sigmoid(), x.float()), X.double() / 20),
    "rows of another dtype": (lambda x: x.index_put((torch.tensor([0, 1]),), torch.tensor(7.0).double()), X),
    "sums of another dtype": (lambda x: x.index_add(0, torch.tensor([0, 1]), x[:2].double()), X),
    "copies of another dtype": (lambda x: x.index_copy(0, torch.tensor([0]), x[:1].double()), X),
    "images made larger": (lambda x: F.interpolate(x[None], scale_factor=2, mode="linear"), SPECIAL),
}


def outcome(program: Callable[..., Any], x: torch.Tensor, *more: torch.Tensor) -> tuple[Any, ...]:
    """The result and its gradient, or the exception."""
    x = x.clone().requires_grad_()
    try:
        made = program(x, *more)
        seed = torch.linspace(0.5, 1.5, made.numel()).reshape(made.shape).to(made.dtype)
        found = torch.autograd.grad(made, x, seed, allow_unused=True) if made.requires_grad else (None,)
    except Exception as error:
        return type(error), str(error)
    return made.detach(), *found


def check(found: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    if isinstance(right[0], type):
        assert found == right
    else:
        torch.testing.assert_close(found, right, equal_nan=True)


@pytest.mark.parametrize("name", INDEXED)
def test_numbers_of_rows(name: str) -> None:
    program, count = INDEXED[name]
    fast = diptych.hybridize(program, backend="native", speculate=False)
    for first in (0, count - 1, -1, -count, -count - 1, count, 0):
        index = torch.tensor([first, 1])
        check(outcome(fast, X, index), outcome(program, X, index))
    assert fast._hybrid.entries[0].tiers.tier == "native"


@pytest.mark.parametrize("name", ODD)
def test_odd_values_and_options(name: str) -> None:
    program, x = ODD[name]
    fast = diptych.hybridize(program, backend="native", speculate=False)
    for _ in range(2):
        check(outcome(fast, x), outcome(program, x))
