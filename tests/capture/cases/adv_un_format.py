"""Strings and numbers chosen by branches are formatted in all ways."""

import torch

EXPECT = "any"


def f(x):
    name = "up" if x.sum() > 0 else "down"
    n = 3 if x[0] > 1 else 4.5
    k = int(x[1])
    return (
        x * 2,
        "%s-%s" % (name, n),
        "{}:{:>6}".format(name, n),
        f"{name!r} {k:03d} {n:.2f}",
        name + "!" * 2,
        name.title().replace("U", "V"),
        name[0],
        len(name),
        "p" in name,
        str(n),
        repr(k),
    )


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
