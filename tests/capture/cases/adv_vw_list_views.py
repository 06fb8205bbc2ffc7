"""Copies, comparison, membership and text of lists whose length depends on the path."""

import copy
import torch

EXPECT = "any"


def f(x):
    a = [1, 2]
    if x.sum() > 0:
        a.append(3)
    b = a[:]
    c = a.copy()
    d = list(a)
    e = copy.copy(a)
    g = copy.deepcopy(a)
    b.append(9)
    return (
        a,
        b,
        c,
        d,
        e,
        g,
        a == [1, 2],
        a < [1, 2, 3],
        3 in a,
        str(a),
        repr(a),
        tuple(a),
        set(a),
        a[-1],
        a[::-1],
        a + [0],
        a * 2,
        [a, a],
        x,
        len(str(a)),
        f"{a}",
        bool(a),
        not a,
        sum(a),
        max(a),
        list(zip(a, a[1:])),
        dict(enumerate(a)),
    )


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
