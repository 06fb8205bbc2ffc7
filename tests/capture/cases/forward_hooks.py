"""Forward hooks and pre-hooks on submodules that look at values and replace input or output."""

import torch
from torch import nn

EXPECT = "graph"


def clamp_large(module, args, output):
    if output.abs().max() > 2:
        return output.clamp(-2, 2)


def centre(module, args):
    (x,) = args
    if x.mean() > 1:
        return (x - x.mean(),)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.second = nn.Linear(3, 1)
        self.first.register_forward_hook(clamp_large)
        self.second.register_forward_pre_hook(centre)

    def forward(self, x):
        return self.second(self.first(x))


def make():
    return Net(), [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([9.0, -9.0], requires_grad=True),),
        (torch.tensor([-7.0, 9.0], requires_grad=True),),
        (torch.tensor([3.0, -3.0], requires_grad=True),),
        (torch.tensor([-3.0, 3.0], requires_grad=True),),
    ]
