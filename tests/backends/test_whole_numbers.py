"""Whole numbers in native code: they wrap around as PyTorch's do, and nothing is divided by zero."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import diptych

LARGE, SMALL = 2**63 - 1, -(2**63)
WRAPPING: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "the next one is larger": lambda x: x + 1 > x,
    "the one before is smaller": lambda x: x - 1 < x,
    "twice and half": lambda x: (x * 2) // 2 == x,
    "negative": lambda x: -x < 0,
    "absolute": lambda x: x.abs() >= 0,
    "sums": lambda x: (x + x).sum() + x.cumsum(0),
    "a random number": lambda x: (x * 6364136223846793005 + 1442695040888963407) % 1000,
}
DIVIDING: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "remainder": lambda x, by: x % by,
    "fmod": torch.fmod,
    "floor": lambda x, by: x // by,
    "trunc": lambda x, by: torch.div(x, by, rounding_mode="trunc"),
}


@pytest.mark.parametrize("name", WRAPPING)
def test_they_wrap_around(name: str) -> None:
    program, x = WRAPPING[name], torch.tensor([LARGE, SMALL, 5, -7, 0])
    fast = diptych.hybridize(program, backend="native", speculate=False)
    assert fast(x).equal(program(x))
    assert fast._hybrid.entries[0].tiers.tier == "native"


@pytest.mark.parametrize("name", DIVIDING)
@pytest.mark.parametrize("by", [3, -3, 1, -1, 7])
def test_divided_by_a_constant(name: str, by: int) -> None:
    program, x = DIVIDING[name], torch.tensor([LARGE, SMALL + 1, 5, -7, 0, 6])
    fast = diptych.hybridize(lambda x: program(x, torch.tensor(by)) + program(x, by), backend="native", speculate=False)
    assert fast(x).equal(2 * program(x, torch.tensor(by)))


@pytest.mark.parametrize("name", DIVIDING)
def test_division_by_zero_raises_what_pytorch_raises(name: str) -> None:
    program, x = DIVIDING[name], torch.tensor([5, -7, 9])
    fast = diptych.hybridize(program, backend="native", speculate=False)
    by = torch.tensor([2, -3, 3])
    assert fast(x, by).equal(program(x, by))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        fast(x, torch.tensor([2, 0, 3]))
    by_zero = diptych.hybridize(lambda x: program(x, 0), backend="native", speculate=False)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        by_zero(x)
