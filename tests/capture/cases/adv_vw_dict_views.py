"""Views, length, membership and equality of dictionaries whose keys depend on the path; values never raise."""

import torch

EXPECT = "any"


def f(x):
    d = {"a": 1}
    if x.sum() > 0:
        d["b"] = 2
    else:
        d["c"] = 3
        d["d"] = 4
    keys = [k for k in d]
    pairs = list(d.items())
    text = str(d)
    return (
        len(d),
        keys,
        pairs,
        "b" in d,
        d == {"a": 1, "b": 2},
        bool(d),
        text,
        dict(d),
        list(d.values()),
        max(d),
        sorted(d.items()),
        {**d},
        tuple(d),
        set(d),
        d.copy(),
        list(enumerate(d)),
        x,
    )


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
