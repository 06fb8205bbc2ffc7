"""What one mask selects from two tensors is of one size."""

import torch
import torch.nn.functional as F

EXPECT = "graph"


def make():
    def loss(scores, targets, mask):
        kept, wanted = torch.masked_select(scores, mask), torch.masked_select(targets, mask)
        each = scores.unsqueeze(0).masked_select(mask)
        return F.binary_cross_entropy(torch.sigmoid(kept), wanted), each * kept

    masks = [torch.tensor([True, False, True, True]), torch.tensor([False, False, True, False])]
    return loss, [(torch.randn(4), torch.rand(4), mask) for mask in masks]
