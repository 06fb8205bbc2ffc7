"""A loop carries a tensor that starts as one of the outside, which is then written to."""

import torch

EXPECT = "any"  # refused: which memory changes depends on the path


class Holder:
    def __init__(self):
        self.weight = torch.tensor([5.0, 1.0])

    def __call__(self, x):
        best = self.weight
        while x.sum() < 10:
            x = x * 2
            if x[0] > 6:
                best = x
        best.add_(1)
        return best * 2, self.weight.clone()


def make():
    return Holder(), [(torch.tensor(v),) for v in ([1.0, 2.0], [4.0, 1.0], [9.0, 9.0], [1.0, 2.0])]


def state(program):
    return vars(program)
