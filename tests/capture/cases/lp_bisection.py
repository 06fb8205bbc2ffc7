"""Bisection of a function given as argument."""
import torch
EXPECT = "graph"

def cubic(x, c):
    return x ** 3 - x - c

def bisect(lo, hi, c, eps=1e-4):
    flo = cubic(lo, c)
    if flo * cubic(hi, c) > 0:
        raise ValueError("no sign change in the interval")
    while hi - lo > eps:
        mid = (lo + hi) / 2
        fm = cubic(mid, c)
        if fm == 0:
            return mid
        if (fm < 0) == (flo < 0):
            lo, flo = mid, fm
        else:
            hi = mid
    return (lo + hi) / 2

def make():
    T = torch.tensor
    return bisect, [(T(1.0), T(2.0), T(2.0)), (T(0.0), T(3.0), T(1.0)), (T(2.0), T(3.0), T(0.0)), (T(0.0), T(2.0), T(0.0))]
