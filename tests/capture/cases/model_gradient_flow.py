"""Gradient descent by hand with backtracking: the step is halved until the loss falls."""
import torch

EXPECT = "graph"


def loss(x):
    return (x[0] - 1.0) ** 2 + 10.0 * (x[1] - x[0] ** 2) ** 2


def gradient(x):
    inner = x[1] - x[0] ** 2
    return torch.stack([2.0 * (x[0] - 1.0) - 40.0 * x[0] * inner, 20.0 * inner])


def descend(x):
    evaluations = 0
    for _ in range(4):
        g = gradient(x)
        if g.norm() < 0.1:
            break
        rate = torch.tensor(0.1)
        while loss(x - rate * g) > loss(x) - 0.5 * rate * g.dot(g):
            rate = rate / 2
            evaluations += 1
        x = x - rate * g
    return x, evaluations


def make():
    return descend, [
        (torch.tensor([1.0, 1.0], requires_grad=True),),
        (torch.tensor([-1.0, 1.0], requires_grad=True),),
        (torch.tensor([0.9, 0.7], requires_grad=True),),
    ]
