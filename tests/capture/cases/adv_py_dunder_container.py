"""A user's container class: length, iteration, membership, item access, all decided by tensors."""

import torch

EXPECT = "any"


class Bag:
    def __init__(self, items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __contains__(self, v):
        return any((v == i).all() for i in self.items)

    def __getitem__(self, k):
        return self.items[k]

    def __bool__(self):
        return bool(self.items[0].sum() > 0)


def make():
    def f(x):
        bag = Bag([x, x * 2])
        y = torch.tensor([2.0, 4.0])
        out = sum(bag) * len(bag)
        if bag:
            out = out + 1
        if y in bag:
            out = out * 10
        return out + bag[-1]

    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [2.0, 4.0])]
