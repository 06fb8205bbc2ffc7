"""NaN and infinities in comparisons, chained and negated."""

import math
import torch

EXPECT = "graph"


def f(x):
    if not x[0] < 1:
        y = x * 2
    elif 0 <= x[0] < 1:
        y = x + 1
    else:
        y = -x
    v = x[1].item()
    if math.isnan(v) or v != v:
        tag = "nan"
    elif math.isinf(v):
        tag = "inf"
    else:
        tag = "finite"
    return y, tag, max(v, 0.0), min(0.0, v)


def make():
    nan, inf = float("nan"), float("inf")
    return f, [(torch.tensor(v),) for v in ([nan, nan], [0.5, inf], [-3.0, 1.0], [1.0, -inf], [inf, -0.0])]
