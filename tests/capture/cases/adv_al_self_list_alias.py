"""A local name is a list held by the object or a new one; the object's list may change."""

import torch

EXPECT = "any"


class Memory:
    def __init__(self):
        self.items = []

    def __call__(self, x):
        target = self.items
        if x.sum() < 0:
            target = list(self.items)
        target.append(x.detach())
        return sum(self.items, x), len(target)


def make():
    return Memory(), [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
