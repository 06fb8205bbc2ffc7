"""Words chosen by branches are joined and formatted."""

import torch

EXPECT = "any"


def f(x):
    words = ["sum"]
    if x.sum() > 0:
        words.append("positive")
    else:
        words.append("negative")
    if x[0] > x[1]:
        words.append("falling")
    label = "-".join(words)
    return x * len(words), label.upper(), f"{words[-1]}!"


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 2.0])]
