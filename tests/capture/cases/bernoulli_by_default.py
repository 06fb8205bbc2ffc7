"""`bernoulli_()` with its default, a number, and a tensor of probabilities."""

import torch

EXPECT = "graph"


def make():
    def masks(x):
        kept = torch.empty_like(x).bernoulli_()
        some = x.new_empty(x.shape[0], 1).bernoulli_(0.8).div_(0.8)
        each = torch.zeros(3).bernoulli_(torch.tensor([0.0, 0.5, 1.0]))
        return x * kept * some * each

    return masks, [(torch.randn(2, 3),), (torch.ones(2, 3),)]
