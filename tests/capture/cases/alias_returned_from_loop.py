"""What a loop returns may be a tensor of the outside, which is then written to."""

import torch

EXPECT = "any"  # refused: which memory changes depends on the path

KEPT = torch.tensor([7.0, 1.0])


def grown(x):
    while x.sum() < 10:
        x = x * 2
        if x[0] > 6:
            return KEPT
    return x


def program(x):
    y = grown(x)
    y.add_(1)
    return y * 2, KEPT.clone()


def make():
    KEPT.copy_(torch.tensor([7.0, 1.0]))
    return program, [(torch.tensor(v),) for v in ([1.0, 2.0], [4.0, 1.0], [9.0, 9.0], [1.0, 2.0])]


def state(program):
    return KEPT
