"""Sets whose members depend on the path: union, difference, subset, length, sorted."""

import torch

EXPECT = "any"


def f(x):
    s = {1, 2}
    t = frozenset({2, 3})
    if x.sum() > 0:
        s.add(3)
        t = t | {4}
    else:
        s.discard(1)
    return (
        len(s),
        sorted(s),
        sorted(s | t),
        sorted(s & t),
        s <= t,
        3 in s,
        s == {2},
        sorted(s - t),
        bool(s),
        isinstance(s, set),
        sorted(map(str, s)),
        x,
    )


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
