"""`functools.cached_property` on a plain config object, read from inside a branch."""

import functools

import torch

EXPECT = "graph"
MAX_GRAPHS = 2  # the first call finds no window yet


class Config:
    def __init__(self, width):
        self.width = width

    @functools.cached_property
    def window(self):
        return torch.linspace(0, 1, self.width)


def make_filter(config):
    def apply(x):
        if x.mean() > 0:
            return x * config.window
        return x.flip(0) * 0.5

    return apply


def make():
    return make_filter(Config(3)), [
        (torch.tensor([-1.0, 0.5, 0.1], requires_grad=True),),
        (torch.tensor([1.0, 0.5, 0.1], requires_grad=True),),
        (torch.tensor([3.0, -0.5, 0.1], requires_grad=True),),
    ]
