"""sorted, max and min with keys that give tensors."""

import torch

EXPECT = "any"


def f(x, y, z):
    items = {"x": x, "y": y, "z": z}
    order = sorted(items, key=lambda k: items[k].sum())
    best = max(items.values(), key=lambda t: t.max())
    worst = min([x, y, z], key=torch.norm)
    return items[order[0]] * 2 + best, worst, order


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0), g(0.0, 1.0), g(5.0, 1.0)),
        (g(-1.0, 2.0), g(4.0, 1.0), g(0.0, 1.0)),
        (g(1.0, 0.0), g(0.0, 3.0), g(-5.0, 1.0)),
    ]
