"""A word, None or a tuple chosen by a branch is the key of a new dictionary and a member of a new set."""

import torch

EXPECT = "any"


def f(x):
    word = "up" if x.sum() > 0 else "down"
    maybe = None if x.sum() > 0 else 4
    pair = (1, 2) if x.sum() > 0 else (3,)
    return {word: x}, {maybe: 1}, {pair: 2}, {word, "up"}


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
