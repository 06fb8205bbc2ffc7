"""A decorator with `functools.wraps` that changes arguments and result, with a tensor decision of its own."""

import functools

import torch

EXPECT = "graph"


def finite(default):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(x, *args, **kwargs):
            y = f(x * 2, *args, **kwargs)
            if y.isfinite().all():
                return y
            return torch.full_like(y, default)

        return wrapper

    return decorate


@finite(default=-1.0)
def inverse(x, shift=0.0):
    if x.sum() > 0:
        return 1 / (x - shift)
    return x + shift


def make():
    return inverse, [
        (torch.tensor([1.0, 2.0], requires_grad=True), 2.5),
        (torch.tensor([1.25, 2.0], requires_grad=True), 2.5),
        (torch.tensor([-1.0, -2.0], requires_grad=True), 2.5),
    ]
