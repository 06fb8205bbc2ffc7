"""Items of a growing list that leave under a second name, are the caller's own, or stand there twice."""

import torch

EXPECT = "any"  # a growing list holds copies


def last(x):
    rows = []
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y)
    return rows, y


def of_the_caller(x):
    rows = [x]
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y)
    return rows[0], rows[0] is x


def twice(x):
    rows = []
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y)
        rows.append(y)
    return rows


def program(x, which):
    return (last, of_the_caller, twice)[which](x)


def make():
    return program, [(torch.full((2,), v), which) for which in range(3) for v in (1.0, 0.1)]
