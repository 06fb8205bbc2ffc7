"""Which of the results of native code are one tensor: those that are one imperatively."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import diptych


def swapped(n: torch.Tensor, x: torch.Tensor) -> Any:
    """Two values that change places: each round makes another tensor."""
    a, b = x, x * 0 + 1
    i = 0
    while i < n:
        a, b = b, a + b
        i += 1
    return a, b


def joined(n: torch.Tensor, x: torch.Tensor) -> Any:
    """Both names are of the last tensor that was made."""
    a, b = x, x + 1
    i = 0
    while i < n:
        a = b = a + b
        i += 1
    return a, b


def kept(n: torch.Tensor, x: torch.Tensor) -> Any:
    """The tensor from before the loop, or the one that a branch in it has made."""
    first = x * 2
    a, last = first, first
    i = 0
    while i < n:
        if a.sum() > 3:
            last = a
            a = a - 1
        else:
            a = a + 1
        i += 1
    return first, a, last


@pytest.mark.parametrize("program", [swapped, joined, kept])
def test_tensors_made_by_a_loop(program: Any):
    native = diptych.hybridize(program, backend="native")
    with torch.no_grad():
        for n in (0, 1, 2, 5, 3, 0, 4):
            given = torch.tensor(n), torch.tensor([1.0, 2.0])
            made, wanted = native(*given), program(*given)
            for one, right in zip(made, wanted, strict=True):
                torch.testing.assert_close(one, right)
            same = [[a is b for a in made] for b in made]
            assert same == [[a is b for a in wanted] for b in wanted]
    assert native.stats.graph_calls >= 4
    assert "native" in str(native.report())
