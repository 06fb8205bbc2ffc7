"""A binarised layer with a straight-through gradient (autograd.Function), used when the scale is small."""
import torch
from torch import nn

EXPECT = "graph"


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx, gradient):
        x, = ctx.saved_tensors
        return gradient * (x.abs() <= 1.0)


class Binary(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[0.5, -0.25], [1.5, 0.75]]))

    def forward(self, x):
        y = x @ self.weight
        while y.abs().max() > 2.0:
            y = y * 0.5
        if y.abs().mean() < 1.0:
            y = Sign.apply(y)
        return y * x


def make():
    x = torch.tensor([[1.0, -0.5]])
    return Binary(), [(x,), (x * 40.0,), (torch.tensor([[1.0, 1.0]]),)]
