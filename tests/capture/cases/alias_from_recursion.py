"""What a recursion returns may be an outer argument or its own, which is then written to."""

import torch

EXPECT = "any"  # refused: which memory changes depends on the path


def program(x, y):
    def descend(x):
        if x.sum() > 10:
            return y
        if x.sum() < -5:
            return x
        return descend(x * 2)

    z = descend(x)
    z.add_(1)
    return z * 2, y.clone()


def make():
    return program, [(torch.tensor(v), torch.tensor([3.0, 3.0])) for v in ([1.0, 2.0], [4.0, 7.0], [-9.0, 1.0], [-1.0, 0.5])]
