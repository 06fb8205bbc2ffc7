"""Python float arithmetic of numbers read from tensors: floor, modulo, rounding, comparison of int and float."""

import math
import torch

EXPECT = "graph"


def f(x):
    v = float(x[0])
    w = x[1].item()
    a = v // 1.5
    b = v % 1.5
    c = v % -2.0
    d = int(v)
    e = math.floor(v)
    g = math.ceil(w)
    h = math.sqrt(abs(w))
    if v > d:
        a = a + 1
    return x * a, b, c, d, e, g, h, round(v), round(w, 1)


def make():
    return f, [
        (torch.tensor([2.7, -1.25], requires_grad=True),),
        (torch.tensor([-2.7, 3.5], requires_grad=True),),
        (torch.tensor([-2.0, 2.5], requires_grad=True),),
    ]
