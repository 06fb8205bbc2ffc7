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


def detached(n: torch.Tensor, x: torch.Tensor) -> Any:
    """Views of tensors that nobody else has, made on either side of a branch."""
    kept = x.sum()
    if n > 1:
        loss = (x * 2).sum().detach()
        kept = kept + 1
    else:
        loss = (x + 1).sum().detach()
    return loss, kept


def viewed(n: torch.Tensor, x: torch.Tensor) -> Any:
    """A view of an input on one side, and two views of one tensor."""
    y = x * 3
    if n > 1:
        a, b = x.detach(), y[0]
    else:
        a, b = y.detach(), y[1]
    return a, b, y


@pytest.mark.parametrize("program", [detached, viewed])
def test_views_that_a_branch_gives_share_memory_as_they_should(program: Any):
    native = diptych.hybridize(program, backend="native")
    with torch.no_grad():
        for n in (0, 2, 1, 5, 0, 3):
            given = torch.tensor(n), torch.tensor([1.0, 2.0])
            made, wanted = native(*given), program(*given)
            parts = made, wanted
            for one, right in zip(*parts, strict=True):
                torch.testing.assert_close(one, right)
            shared = [[share(a, b) for a in (*part, given[1])] for part in parts for b in part]
            assert shared[: len(parts[0])] == shared[len(parts[0]) :]


def share(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
