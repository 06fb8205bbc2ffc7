"""get, setdefault, update, items, |, pop with default, popitem, comprehension over a dict with path-dependent keys."""

import collections
import torch

EXPECT = "any"  # not in one graph yet


def f(x):
    d = {"n": 1}
    c = collections.defaultdict(list)
    if x.sum() > 0:
        d["pos"] = x
        c["pos"].append(x)
    else:
        d.update(neg=-x, n=2)
    c["all"].append(x)
    got = d.get("pos", x * 5)
    d.setdefault("neg", x * 7)
    e = {k: v * 2 for k, v in d.items()}
    return got, d["neg"], sorted(e), d.pop("pos", None) is None, len(c), list(c), ({"z": 0} | d)["n"]


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
