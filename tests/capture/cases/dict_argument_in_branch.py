"""A cache that the caller passes in as a dict is written in branches."""

import torch

EXPECT = "graph"


def step(x, cache):
    if x.norm() > cache["best"]:
        cache["best"] = x.norm().detach()
        cache["improved"] = True
    else:
        cache["improved"] = False
    return x / cache["best"]


def make():
    def call(*values):
        return torch.tensor(values, requires_grad=True), {"best": torch.tensor(3.0), "improved": None}

    return step, [call(1.0, 2.0), call(6.0, 8.0), call(2.0, 1.0)]
