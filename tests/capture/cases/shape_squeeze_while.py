"""Halve a signal by pooling until it is short: sizes shrink each round, a tensor may stop earlier."""
import torch
import torch.nn.functional as F

EXPECT = "graph"


def pyramid(x):
    levels = 0
    while x.shape[-1] > 2:
        x = F.avg_pool1d(x.unsqueeze(0), 2).squeeze(0)
        levels += 1
        if x.abs().max() < 1.0:
            break
    return x.sum(-1), levels


def make():
    return pyramid, [
        (torch.linspace(-0.5, 0.5, 16).reshape(1, 16).requires_grad_(),),
        (torch.linspace(-5.0, 5.0, 16).reshape(1, 16).requires_grad_(),),
        (torch.sin(torch.arange(16.0) * 3.0).mul(2.0).reshape(1, 16).requires_grad_(),),
    ]
