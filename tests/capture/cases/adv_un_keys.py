"""Values chosen by branches as keys of dictionaries, members of sets, arguments of isinstance, getattr names."""

import torch

EXPECT = "any"


class Ops:
    def double(self, x):
        return x * 2

    def negate(self, x):
        return -x


def f(x):
    name = "double" if x.sum() > 0 else "negate"
    k = 0 if x[0] > 1 else 1
    table = {0: x, 1: x + 1, "double": 5, "negate": 6}
    y = getattr(Ops(), name)(table[k])
    seen = {name, "double"}
    made = {name: y, k: x}
    v = y if x.sum() > 0 else None
    kinds = (isinstance(v, torch.Tensor), v is None, type(k).__name__, callable(v))
    return y * table[name], len(seen), kinds, name in seen, made[name], list(range(k)), [0, 1, 2][k:], (1, 2)[k]


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
