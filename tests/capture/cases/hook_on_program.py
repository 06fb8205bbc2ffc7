"""Hooks on the program itself: a pre-hook with kwargs, and a hook that keeps activations in a dict."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


def with_recording(model):
    seen = {}

    def scale(module, args, kwargs):
        kwargs = dict(kwargs, scale=0.5 if args[0].norm() > 2 else 1.0)
        return args, kwargs

    def keep(module, args, output):
        seen["output"] = output.detach()

    model.register_forward_pre_hook(scale, with_kwargs=True)
    model.register_forward_hook(keep)
    model.seen = seen
    return model


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x, scale=None):
        return self.fc(x) * scale


def make():
    return with_recording(Net()), [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([5.0, 0.2], requires_grad=True),),
        (torch.tensor([-1.0, 1.2], requires_grad=True),),
    ]
