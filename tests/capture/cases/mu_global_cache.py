"""A module-level cache keyed by an int read from a tensor."""
import torch
EXPECT = "any"  # not in one graph yet
_cache = {}
hits = 0

def positional(n, dim=4):
    pos = torch.arange(n).float()[:, None]
    return torch.sin(pos / torch.arange(1, dim + 1))

def encode(x, length):
    global hits
    n = int(length)
    if n in _cache:
        hits += 1
        pe = _cache[n]
    else:
        pe = _cache[n] = positional(n)
    return x[:n] + pe

def make():
    T = torch.tensor
    x = torch.randn(5, 4, requires_grad=True)
    return encode, [(x, T(3)), (x, T(3)), (x, T(5)), (x, T(1)), (x, T(5))]

def state(program):
    return {"hits": program.__globals__["hits"], "cache": program.__globals__["_cache"]}
