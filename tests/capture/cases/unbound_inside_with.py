"""A variable without a value is read inside a `with` and a `try`: Python's own exception, also where it is caught."""

import contextlib

import torch

EXPECT = "any"  # exceptions on their way through a manager


def program(x, table):
    total = x * 1.0
    with contextlib.nullcontext():
        total += total
        if x.sum() > 3:
            raise ValueError("too large")
        if x is table:
            late = total
        try:
            total = total + late
        except UnboundLocalError as error:
            total = total * 2
            print(error)
        if total.sum() < 0:
            total = total * late
    return total


def make():
    tensors = [torch.tensor(v) for v in ([1.0, 0.5], [3.0, 1.0], [-1.0, -2.0])]
    shared = torch.tensor([0.5, 0.5])
    return program, [(t, shared) for t in tensors] + [(shared, shared)]
