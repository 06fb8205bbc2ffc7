"""Metropolis sampling: proposals are drawn, and accepted or rejected by the energy."""
import torch

EXPECT = "graph"


def energy(x):
    return ((x ** 2 - 1.0) ** 2).sum()


def metropolis(x, temperature):
    accepted = 0
    for _ in range(5):
        proposal = x + 0.5 * torch.randn_like(x)
        change = energy(proposal) - energy(x)
        if change < 0 or torch.rand(()) < torch.exp(-change / temperature):
            x = proposal
            accepted += 1
    return x, accepted


def make():
    def call(temperature, *x):
        return torch.tensor(x, requires_grad=True), torch.tensor(temperature)

    return metropolis, [call(100.0, 0.0, 0.1), call(1e-3, 1.0, -1.0), call(0.5, 0.0, 2.0)]
