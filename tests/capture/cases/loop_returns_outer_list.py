"""A loop that is left with a list from outside, or with one that was made before it: it stays the same list."""

import torch

EXPECT = "any"  # a list made before the loop that is returned twice is refused


class Box:
    def __init__(self):
        self.items = [torch.ones(2)]

    def __call__(self, x):
        found = {"x": x}
        while x.sum() > 1:
            x = x * 0.5
            if x.max() < 0.7:
                return self.items, None
            if x.min() > 3:
                return found, found
        return found, self.items


def make():
    return Box(), [
        (torch.tensor([1.0, 1.0]),),
        (torch.tensor([9.0, 9.0]),),
        (torch.tensor([0.1, 0.1]),),
        (torch.tensor([4.0, 0.1]),),
    ]


def state(program):
    return vars(program)
