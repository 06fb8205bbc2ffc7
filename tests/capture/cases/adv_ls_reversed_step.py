"""range with a negative step from a tensor, reversed and slices decided by tensors."""

import torch

EXPECT = "graph"


def f(x, n):
    k = int(n)
    y = x.new_zeros(())
    for i in range(k, 0, -1):
        y = y * 0.5 + x[i - 1]
    for v in reversed(list(x)):
        if v < 0:
            break
        y = y + v
    head = x[:k].sum()
    return y, head


def make():
    return f, [(torch.tensor([1.0, -2.0, 3.0], requires_grad=True), torch.tensor(n)) for n in (3, 1, 0, 2)]
