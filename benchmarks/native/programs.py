"""Small programs in which framework overhead dominates: inference, and whole training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Program = tuple[Callable[..., Any], tuple[Any, ...]]


def tensor_while() -> Program:
    """A recurrent cell, 4 x 64, up to 50 rounds, until its state vanishes."""

    def settle(x: torch.Tensor, h: torch.Tensor, w: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        i = 0
        while i < 50 and h.abs().sum() > 1e-6:
            h = torch.tanh(x @ w + h @ u)
            i += 1
        return h

    x, h, w, u = torch.randn(4, 64), torch.randn(4, 64), torch.randn(64, 64), torch.randn(64, 64)
    return settle, (x, h, w * 0.1, u * 0.05)


def newton() -> Program:
    """Square roots by Newton's method, as many rounds as they need."""

    def roots(x: torch.Tensor) -> tuple[torch.Tensor, int]:
        y, rounds = x.clone(), 0
        while (y * y - x).abs().max() > 1e-5 and rounds < 60:
            y = 0.5 * (y + x / y)
            rounds += 1
        return y, rounds

    return roots, (torch.rand(64) * 9 + 1,)


def perceptron(batch: int) -> Callable[[], Program]:
    """Three layers, 64 wide."""

    def make() -> Program:
        layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64))
        return layers, (torch.randn(batch, 64),)

    return make


def training() -> Program:
    """A whole training step with Adam, of a network that refines its state until it is small."""
    first, norm, second = nn.Linear(16, 32), nn.LayerNorm(32), nn.Linear(32, 4)
    parameters = [*first.parameters(), *norm.parameters(), *second.parameters()]
    optimizer = torch.optim.Adam(parameters)

    def step(x: torch.Tensor, y: torch.Tensor) -> float:
        optimizer.zero_grad()
        h, k = torch.relu(norm(first(x))), 0
        while h.norm() > 2 and k < 8:
            h = torch.tanh(h * 0.7)
            k += 1
        loss = nn.functional.cross_entropy(second(h), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, (torch.randn(8, 16), torch.randint(4, (8,)))


def refined(x: torch.Tensor, depth: int, w: torch.Tensor) -> torch.Tensor:
    """The mean of two refinements of a state, as long as it is large."""
    if depth == 0 or x.abs().mean() < 0.05:
        return x
    y = torch.tanh(x @ w)
    return (refined(y * 0.7, depth - 1, w) + refined(x - y, depth - 1, w)) * 0.5


def recursion() -> Program:
    """A recursion in the shape of a tree, 4 x 16, that ends where the state is small."""

    def refine(x: torch.Tensor, depth: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return refined(x, int(depth), w)

    return refine, (torch.randn(4, 16) * 0.5, torch.tensor(6), torch.randn(16, 16) * 0.2)


def recursion_training() -> Program:
    """A whole training step of its weights."""
    w = (torch.randn(16, 16) * 0.2).requires_grad_()
    optimizer = torch.optim.SGD([w], lr=1e-4)

    def step(x: torch.Tensor, depth: torch.Tensor) -> float:
        optimizer.zero_grad()
        loss = refined(x, int(depth), w).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, (torch.randn(4, 16) * 0.5, torch.tensor(6))


PROGRAMS: dict[str, tuple[Callable[[], Program], bool]] = {
    "tensor while": (tensor_while, False),
    "newton": (newton, False),
    "perceptron, 1 row": (perceptron(1), False),
    "perceptron, 8 rows": (perceptron(8), False),
    "training step": (training, True),
    "recursion": (recursion, False),
    "recursion, training step": (recursion_training, True),
}
"""Name -> what makes the program and its arguments, and whether it trains."""
