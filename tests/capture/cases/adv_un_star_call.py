"""A list whose length depends on the path is spread into a call, a literal and an unpacking."""

import torch

EXPECT = "any"


def add(first, *rest, scale=1.0, **more):
    total = first
    for r in rest:
        total = total + r
    return total * scale + len(more)


def f(x):
    parts = [x]
    options = {"scale": 2.0}
    if x.sum() > 0:
        parts.append(x * 2)
        options["bias"] = 1
    a = add(*parts, **options)
    b = [x, *parts]
    first, *others = parts
    c = {"x": 1, **options}
    return a, len(b), len(others), sorted(c), first


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
