"""Gradients of native code where the same tensor is given twice, and through what is written into arguments."""

from __future__ import annotations

import pytest
import torch

import diptych


def product(x, y):
    return (x * y).sin() + y


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_tensor_that_is_given_twice_has_its_gradient_once(create_graph) -> None:
    fast = diptych.hybridize(product, backend="native", speculate=False)
    x = torch.tensor([0.3, -0.7], requires_grad=True)
    for _ in range(3):
        (found,) = torch.autograd.grad(fast(x, x).sum(), x, create_graph=create_graph)
        (right,) = torch.autograd.grad(product(x, x).sum(), x, create_graph=create_graph)
        torch.testing.assert_close(found, right)
        if create_graph:
            torch.testing.assert_close(torch.autograd.grad(found.sum(), x), torch.autograd.grad(right.sum(), x))


def test_an_argument_takes_on_the_history_of_what_is_written_into_it() -> None:
    def program(x, m):
        m[0] = x.mean()
        m[1:] *= 0.5
        return x.detach()

    fast = diptych.hybridize(program, backend="native", speculate=False)
    for _ in range(3):
        x, m, other = torch.rand(3, requires_grad=True), torch.rand(3), torch.rand(3)
        other.copy_(m)
        fast(x, m)
        program(x, other)
        assert m.requires_grad
        torch.testing.assert_close(m, other)
        torch.testing.assert_close(torch.autograd.grad(m.sum(), x), torch.autograd.grad(other.sum(), x))
