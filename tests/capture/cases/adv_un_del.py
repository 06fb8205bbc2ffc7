"""Items and attributes are deleted on one side; what is left decides."""

import torch

EXPECT = "any"  # not in one graph yet


class Bag:
    pass


def f(x):
    d = {"a": x, "b": x * 2}
    items = [x, x * 2, x * 3]
    bag = Bag()
    bag.extra = x
    if x.sum() > 0:
        del d["a"]
        del items[0]
        del bag.extra
    else:
        d.pop("b")
        items.pop()
    extra = getattr(bag, "extra", None)
    out = sum(d.values()) + items[0] + items[-1]
    return (out if extra is None else out + extra), list(d), len(items), hasattr(bag, "extra")


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
