"""A generator that is driven by `next` and `send` and finishes with a value, through `yield from`."""

import torch

EXPECT = "graph"


def mean_so_far():
    total, count = 0.0, 0
    value = yield
    while count < 2:
        total = total + (value if value.sum() > 0 else value.abs())
        count += 1
        value = yield total / count
    return total * value


def traced():
    result = yield from mean_so_far()
    yield result * 2


def program(x):
    means = traced()
    next(means)
    first = means.send(x)
    second = means.send(x - 2)
    return first, second, means.send(x.max())


def make():
    return program, [
        (torch.tensor([1.0, 4.0], requires_grad=True),),
        (torch.tensor([1.0, 0.5], requires_grad=True),),
        (torch.tensor([-1.0, -4.0], requires_grad=True),),
    ]
