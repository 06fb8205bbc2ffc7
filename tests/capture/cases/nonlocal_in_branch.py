"""Closure cells shared by two functions: one updates them in a branch with `nonlocal`, the other reads them."""

import torch

EXPECT = "graph"


def make_averager():
    average = torch.zeros(2)
    resets = 0

    def update(x):
        nonlocal average, resets
        if x.abs().max() > 50:
            average = torch.zeros(2)
            resets += 1
        else:
            average = 0.9 * average + 0.1 * x
        return average.sum()

    def read():
        return average, resets

    return update, read


def make():
    update, read = make_averager()
    update.read = read
    return update, [
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([5.0, 70.0]),),
        (torch.tensor([3.0, 4.0]),),
        (torch.tensor([1.0, -4.0]),),
    ]


def state(program):
    return program.read()
