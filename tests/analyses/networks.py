"""Small networks with properties, and the exact least value of a row by enumerating activation patterns."""

from __future__ import annotations

import itertools

import torch
from scipy.optimize import linprog
from torch import Tensor, nn

from diptych.analyses.cases import Case


def perceptron(seed: int, inputs: int = 3, hidden: int = 4, results: int = 2) -> nn.Sequential:
    """Two hidden ReLU layers."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, results)
    )
    for parameter in net.parameters():
        parameter.data.normal_()
    return net


def one_row(row: Tensor, constant: float, inputs: int, radius: float = 1.0) -> Case:
    """Unsafe: `row @ y + constant <= 0` within the box of `radius` around 0."""
    box = torch.full((inputs,), radius, dtype=torch.float64)
    by_input = torch.zeros(1, inputs, dtype=torch.float64)
    return Case(-box, box, row.double()[None], by_input, torch.tensor([constant], dtype=torch.float64))


def exact_least(net: nn.Sequential, row: Tensor, radius: float = 1.0) -> float:
    """The least `row @ net(x)` over the box, by one linear program for each pattern of active units."""
    (w1, b1), (w2, b2), (w3, b3) = ((net[k].weight.double(), net[k].bias.double()) for k in (0, 2, 4))
    best = float("inf")
    for pattern in itertools.product((0.0, 1.0), repeat=len(b1) + len(b2)):
        on1, on2 = torch.tensor(pattern[: len(b1)]).double(), torch.tensor(pattern[len(b1) :]).double()
        first, first_c = w1, b1
        second, second_c = w2 @ (on1[:, None] * first), w2 @ (on1 * first_c) + b2
        sign1, sign2 = 1 - 2 * on1, 1 - 2 * on2
        rows = torch.cat([sign1[:, None] * first, sign2[:, None] * second])
        limits = -torch.cat([sign1 * first_c, sign2 * second_c])
        final, final_c = row.double() @ w3 @ (on2[:, None] * second), row.double() @ (w3 @ (on2 * second_c) + b3)
        solved = linprog(
            final.detach().numpy(),
            rows.detach().numpy(),
            limits.detach().numpy(),
            bounds=[(-radius, radius)] * w1.shape[1],
        )
        if solved.status == 0:
            best = min(best, solved.fun + float(final_c))
    return best
