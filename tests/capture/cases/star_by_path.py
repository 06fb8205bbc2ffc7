"""Arguments and displays are spread from lists and dicts whose length a tensor decided."""

import torch

EXPECT = "graph"


def count(*args, **kwargs):
    return len(args), sorted(kwargs), sum(args)


def f(x):
    items, options = [1, 2], {"a": 1}
    if x.sum() > 0:
        items.append(3)
        options["b"] = 2
    first, *rest = items
    return count(*items, **options), [*items, 9], {**options, "z": 0}, first, rest, max(*items, 2)


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
