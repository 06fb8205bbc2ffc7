"""MAML: a few inner gradient steps with autograd.grad, stopped early when the task is solved."""
import torch
from torch import nn

EXPECT = "any"


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.5, -0.5]))

    def forward(self, x, y):
        w = self.w
        for step in range(3):
            loss = ((x @ w - y) ** 2).mean()
            if loss < 0.05:
                break
            gradient, = torch.autograd.grad(loss, w, create_graph=True)
            w = w - 0.2 * gradient
        return ((x @ w - y) ** 2).mean(), step


def make():
    x = torch.tensor([[1.0, 0.0], [0.5, 1.0], [-1.0, 1.0]])
    return Learner(), [(x, x @ torch.tensor(w)) for w in ([0.5, -0.4], [1.0, -0.5], [5.0, -9.0])]
