"""The loop's test computes the error it tests, with the walrus operator."""
import torch

EXPECT = "graph"


def solve(a, b):
    x = torch.zeros_like(b)
    while (error := (a * x - b).abs().max()) > 0.1:
        x = x - 0.4 * (a * x - b)
    return x, error


def make():
    def call(*b):
        return torch.tensor([1.0, 1.5], requires_grad=True), torch.tensor(b, requires_grad=True)

    return solve, [call(0.05, 0.01), call(1.0, 2.0), call(-30.0, 4.0)]
