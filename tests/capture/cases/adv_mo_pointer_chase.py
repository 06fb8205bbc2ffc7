"""Union-find with path compression on an index tensor that is written in place."""

import torch

EXPECT = "any"


def find(parent, i):
    root = i
    while parent[root] != root:
        root = parent[root]
    while parent[i] != root:
        nxt = parent[i].clone()
        parent[i] = root
        i = nxt
    return root


def unite(parent, pairs):
    merged = 0
    for a, b in pairs:
        ra, rb = find(parent, a), find(parent, b)
        if ra != rb:
            parent[ra] = rb
            merged += 1
    return parent, merged


def make():
    t = torch.tensor
    return unite, [
        (torch.arange(4), t([[0, 1], [1, 2], [2, 0]])),
        (t([1, 2, 3, 3]), t([[0, 0], [0, 1], [2, 1]])),
        (torch.arange(4), t([[0, 0], [1, 1], [2, 2]])),
    ]
