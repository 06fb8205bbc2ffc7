"""A list made by `+` is the program's own: items of it are written."""

import torch

EXPECT = "graph"


def make():
    def unpack(x, *sizes):
        ends = [0] * len(sizes) + [x.size(0)]
        for k, size in enumerate(sizes):
            ends[k + 1] = ends[k] + size
        return [x[ends[k] : ends[k + 1]].sum() for k in range(len(sizes))], ends

    return unpack, [(torch.arange(5.0), 2, 3), (torch.ones(5), 2, 3)]
