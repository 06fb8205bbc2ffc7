"""The test joins a Python counter and a tensor with `and`: the tensor is looked at only while the counter allows."""
import torch

EXPECT = "graph"


def bounded(x, rows):
    i = 0
    while i < 3 and rows[i].sum() > 0:
        x = x + rows[i]
        i += 1
    return x, i


def make():
    def call(*signs):
        rows = torch.tensor([[1.0, 2.0], [0.5, 0.5], [3.0, 1.0]]) * torch.tensor(signs)[:, None]
        return torch.zeros(2, requires_grad=True), rows.requires_grad_()

    return bounded, [call(1.0, 1.0, 1.0), call(-1.0, 1.0, 1.0), call(1.0, 1.0, -1.0)]
