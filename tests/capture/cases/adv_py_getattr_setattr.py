"""A class with its own __getattr__ and __setattr__."""

import torch

EXPECT = "any"


class Params:
    def __init__(self, **values):
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "writes", 0)

    def __getattr__(self, name):
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self._values[name] = value
        object.__setattr__(self, "writes", self.writes + 1)


def f(x):
    p = Params(w=x, b=x * 0.5)
    if p.w.sum() > 1:
        p.w = p.w * 2
    else:
        p.b = p.b - 1
        p.extra = p.b
    if hasattr(p, "extra"):
        return p.extra + p.w
    return p.w + p.b * p.writes


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [2.0, 4.0])]
