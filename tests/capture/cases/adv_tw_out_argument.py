"""`out=` and in-place functions of a tensor chosen by a branch."""

import torch

EXPECT = "graph"


def f(x, y):
    buf = torch.empty(2)
    if x.sum() > 0:
        torch.add(x, y, out=buf)
    else:
        torch.mul(x, y, out=buf)
        buf.clamp_(min=-1)
    keep = buf
    if y.sum() > 0:
        keep = buf.clone()
    return buf, keep


def make():
    g = lambda *v: torch.tensor(v)
    return f, [(g(1.0, 2.0), g(1.0, 3.0)), (g(-1.0, 0.0), g(1.0, 3.0)), (g(-1.0, 0.0), g(-1.0, -3.0))]
