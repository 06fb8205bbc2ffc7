"""Container methods reached through their class or by their special names, on mixed contents."""

import operator

import torch

EXPECT = "graph"


def f(x):
    v, d = [1, 2], {"a": x[0]}
    if x.sum() > 0:
        list.append(v, 3)
        dict.update(d, c=x[1])
    sizes = v.__len__(), list.__len__(v), type(d).__len__(d), operator.length_hint(v)
    views = d.keys()
    if x[0] > 2:
        dict.__setitem__(d, "q", x[0] * 2)
    return sizes, list(views), len(d.items()), v.__contains__(3), operator.contains(d, "c"), dict.get(d, "c", 5)


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0], [3.0, -9.0])]
