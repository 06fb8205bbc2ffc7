"""Track the smallest value and where it was, starting from float("inf") and index -1."""
import torch

EXPECT = "graph"


def line_search(x, direction):
    best, best_i = float("inf"), -1
    point = x
    for i in range(5):
        value = ((x + i * 0.5 * direction) ** 2).sum()
        if value < best:
            best, best_i = value.item(), i
            point = x + i * 0.5 * direction
    return point, best, best_i


def make():
    def call(a, b):
        return torch.tensor([a, 1.0], requires_grad=True), torch.tensor([b, -0.5], requires_grad=True)

    return line_search, [call(-2.0, 1.0), call(1.0, 2.0), call(-0.5, 0.5)]
