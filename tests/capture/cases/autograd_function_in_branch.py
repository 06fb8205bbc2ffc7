"""A `torch.autograd.Function` with its own backward, applied in one branch."""

import torch

EXPECT = "graph"


class ClippedIdentity(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.limit = limit
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad.clamp(-ctx.limit, ctx.limit), None


def guarded(x):
    y = x**3
    if y.abs().max() > 5:
        y = ClippedIdentity.apply(y * x, 0.5)
    return (y * x).sum()


def make():
    return guarded, [
        (torch.tensor([1.0, 0.5], requires_grad=True),),
        (torch.tensor([3.0, 0.5], requires_grad=True),),
        (torch.tensor([-2.0, 1.5], requires_grad=True),),
    ]
