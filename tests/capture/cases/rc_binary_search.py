"""Binary search with recursion on Python ints."""
import torch
EXPECT = "graph"

def search(xs, v, lo=0, hi=None):
    if hi is None:
        hi = len(xs)
    if lo >= hi:
        return lo
    mid = (lo + hi) // 2
    if xs[mid] < v:
        return search(xs, v, mid + 1, hi)
    return search(xs, v, lo, mid)

def make():
    xs = torch.tensor([1.0, 3.0, 5.0, 7.0, 9.0])
    return search, [(xs, torch.tensor(v)) for v in (0.0, 4.0, 5.0, 10.0, 8.5)]
