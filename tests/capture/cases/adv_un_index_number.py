"""A Python number chosen by a branch used as index, slice end, size, shift, repeat and loop bound."""

import torch

EXPECT = "any"  # not in one graph yet


def f(x):
    k = 2 if x.sum() > 0 else 1
    y = x[k]
    z = x[:k].sum() + x[-k:].sum()
    w = torch.zeros(k, 2).sum()
    r = [x[0]] * k
    s = (x,) * k
    total = x.new_zeros(())
    for i in range(k):
        total = total + x[i] * (1 << i)
    return y + z + w + total, len(r), len(s), x.reshape(-1)[k - 1], x.roll(k), x.repeat(k).shape[0], torch.full((2,), k)


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 3.0], [-1.0, -2.0, 0.0], [4.0, 1.0, 1.0])]
