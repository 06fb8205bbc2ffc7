"""A `torch.autograd.Function` that saves tensors and decides on them in its forward."""

import torch

EXPECT = "any"  # not in one graph yet


class SafeSqrt(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        if x.min() < 0:
            x = x.clamp(min=0)
        root = x.sqrt()
        ctx.save_for_backward(root)
        return root

    @staticmethod
    def backward(ctx, grad):
        (root,) = ctx.saved_tensors
        return grad / (2 * root + 0.1)


def length(x):
    square = (x * x.flip(0)).cumsum(0)
    return SafeSqrt.apply(square) * 2


def make():
    return length, [
        (torch.tensor([3.0, 4.0], requires_grad=True),),
        (torch.tensor([-3.0, 4.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0], requires_grad=True),),
    ]
