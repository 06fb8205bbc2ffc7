"""Backtracking line search and convergence test around a closure that counts evaluations."""

import torch

EXPECT = "graph"


def minimize(x):
    evals = 0

    def loss(v):
        nonlocal evals
        evals += 1
        return (v**4).sum() + (v - 1).square().sum()

    grad = lambda v: 4 * v**3 + 2 * (v - 1)
    for _ in range(3):
        g = grad(x)
        if g.norm() < 1e-2:
            break
        step, here = 1.0, loss(x)
        while loss(x - step * g) > here - 0.1 * step * g.square().sum():
            step *= 0.5
            if step < 1e-3:
                return x, evals, "failed"
        x = x - step * g
    return x, evals, "ok"


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return minimize, [(g(1.0, 2.0),), (g(0.5898, 0.5898),), (g(30.0, 2.0),), (g(-1.0, 0.0),)]
