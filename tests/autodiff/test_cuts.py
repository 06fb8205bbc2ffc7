"""`backward()` inside of a branch or a loop, of values with a history outside of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import diptych


class Start(nn.Module):
    """Two parameters, one of which is read through a product made before the branch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.w = nn.Parameter(torch.randn(4))
        self.v = nn.Parameter(torch.randn(4))


def in_a_branch(m: Start, x: Tensor) -> Tensor:
    y = m.w * m.v
    if x.sum() > 0:
        loss = (y * m.w * x).sum()
        loss.backward()
    else:
        loss = (y - x).pow(2).sum() + m.w.sum()
        loss.backward()
    return loss.detach()


def in_a_branch_of_a_branch(m: Start, x: Tensor) -> Tensor:
    y = m.w * 2
    loss = y.sum().detach()
    if x.sum() > 0:
        z = y * m.v * x
        if x[0] > 0:
            loss = (z * y).sum()
            loss.backward()
        else:
            loss = (z + m.w).sum()
            loss.backward()
    else:
        loss = (y * m.v).sum()
        loss.backward()
    return loss.detach()


def in_each_round(m: Start, x: Tensor) -> Tensor:
    total = torch.zeros(())
    i = 0
    while i < 2 + (x.sum() > 0).int():
        loss = (m.w * m.v * x).pow(2).sum() * 0.1
        m.w.grad = m.v.grad = None
        loss.backward()
        total = total + loss.detach()
        i += 1
    return total


def after_a_step(m: Start, x: Tensor) -> Tensor:
    """A step of descent, and another one if the first was small."""
    optimizer = torch.optim.SGD(m.parameters(), lr=0.1)
    optimizer.zero_grad()
    loss = (m.w * m.v * x).sum()
    loss.backward()
    optimizer.step()
    if loss > 0:
        optimizer.zero_grad()
        loss = (m.w * x - m.v).pow(2).sum()
        loss.backward()
        optimizer.step()
    return loss.detach()


@pytest.mark.parametrize("program", [in_a_branch, in_a_branch_of_a_branch, in_each_round, after_a_step])
def test_gradients_are_the_imperative_ones(program: Any):
    native = diptych.hybridize(program, backend="native")
    one, other = Start(), Start()
    for seed in range(10):
        torch.manual_seed(seed)
        x = torch.randn(4)
        for m in (one, other):
            m.w.grad = m.v.grad = None
        torch.testing.assert_close(native(one, x), program(other, x))
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b)
            torch.testing.assert_close(a.grad, b.grad)
    assert [graph["tier"] for graph in native.report().data["graphs"]] == ["native"]
