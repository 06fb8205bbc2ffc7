"""A plain object keeps the best value so far, None at first: `or` tests for None before it compares tensors."""

import torch

EXPECT = "graph"
MAX_GRAPHS = 2


class Peak:
    def __init__(self):
        self.best = None

    def __call__(self, x):
        if self.best is None or x.max() > self.best:
            self.best = x.max().detach()
        return x / self.best


def make():
    return Peak(), [
        (torch.tensor([-2.0, -1.0], requires_grad=True),),
        (torch.tensor([-4.0, -3.0], requires_grad=True),),
        (torch.tensor([3.0, 1.0], requires_grad=True),),
    ]
