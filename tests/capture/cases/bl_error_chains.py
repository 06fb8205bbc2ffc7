"""Errors of a lower layer come out as errors of a higher one, with the reason attached."""

import torch

EXPECT = "graph"


class Unstable(Exception):
    def __init__(self, message, norm):
        super().__init__(message)
        self.norm = norm


class StepFailed(Exception):
    pass


def check(x):
    if x.isnan().any():
        raise FloatingPointError("nan")
    if x.norm() > 10:
        raise Unstable("too long", 10)
    return x


def step(x):
    try:
        return check(x) * 2
    except (FloatingPointError, Unstable) as error:
        raise StepFailed(f"step: {error}") from error


def f(x):
    try:
        return step(x)
    except StepFailed as error:
        if x[0] > 0:
            raise RuntimeError("first is positive") from error
        raise ValueError("the step failed") from None


def make():
    nan = float("nan")
    return f, [(torch.tensor(v),) for v in ([1.0, 1.0], [nan, 1.0], [1.0, nan], [20.0, 2.0], [-20.0, 2.0])]
