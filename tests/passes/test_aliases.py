"""Results stay tensors of their own, also where they come out of a branch or a loop as they are."""

from __future__ import annotations

import pytest
import torch

import diptych


def branch(x):
    a = x * 1.0
    if a.sum() > 0:
        a = a * 0.3
    return a


def loop(x):
    a = x * 1.0
    while a.sum() > 1:
        a = a * 0.3
    return a


def both(x):
    a, b = x * 2, x * 2
    if x.sum() > 0:
        a = a + 1
    return a, b


def nested(x):
    a, k = x * 1.0, torch.tensor(0)
    while k < 2:
        if x.sum() > 0:
            a = a * 0.5
        k = k + 1
    return a


def viewed(x):
    a = (x * 1.0).view(-1)
    if x.sum() > 0:
        a = a.sin()
    return a


def kept(x):
    a = x.clone()
    b = a if x.sum() > 0 else x * 2
    return a, b


@pytest.mark.parametrize("program", [branch, loop, both, nested, viewed, kept])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("grad", [True, False])
def test_results_share_memory_where_the_imperative_ones_do(program, sign, grad) -> None:
    fast = diptych.hybridize(program, backend="native", speculate=False)
    x = (sign * torch.tensor([[0.5, 1.5]])).requires_grad_(grad)
    for _ in range(2):
        right, found = (made if isinstance(made, tuple) else (made,) for made in (program(x), fast(x)))
        for one, other in zip(right, found, strict=True):
            assert one.equal(other)
            assert one.requires_grad == other.requires_grad
            assert (one.untyped_storage()._cdata == x.untyped_storage()._cdata) == (
                other.untyped_storage()._cdata == x.untyped_storage()._cdata
            )
        places = [[made.untyped_storage()._cdata for made in several] for several in (right, found)]
        assert len(set(places[0])) == len(set(places[1]))
