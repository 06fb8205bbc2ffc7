"""`stack` and `cat` take NumPy's name for a dimension too."""

import torch

EXPECT = "graph"


def make():
    def joined(x):
        parts = [x, x * 2]
        return torch.stack(parts, axis=1), torch.cat(parts, axis=-1), torch.cat(tensors=parts, dim=1)

    return joined, [(torch.randn(2, 3),), (torch.ones(2, 3),)]
