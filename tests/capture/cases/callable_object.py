"""An object with `__call__`, not a module: its attributes are numbers, tensors and other such objects."""

import torch

EXPECT = "graph"


class Affine:
    def __init__(self, scale, offset):
        self.scale = torch.tensor(scale, requires_grad=True)
        self.offset = offset

    def __call__(self, x):
        if x.mean() > self.offset:
            return x * self.scale
        return x + self.offset


class Chain:
    def __init__(self, *stages):
        self.stages = stages
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        for stage in self.stages:
            x = stage(x)
        return x


def make():
    return Chain(Affine(2.0, 1.0), Affine(-0.5, 3.0)), [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([1.5, 1.6], requires_grad=True),),
        (torch.tensor([0.5, 0.9], requires_grad=True),),
        (torch.tensor([-9.5, 0.9], requires_grad=True),),
    ]


def state(program):
    return {"scales": [stage.scale for stage in program.stages], "calls": program.calls}
