"""`nonzero` gives the positions that a loop then walks over."""
import torch

EXPECT = "graph"


def gaps(x):
    positions = x.nonzero().squeeze(1)
    total = torch.zeros(())
    for i in range(1, positions.numel()):
        gap = positions[i] - positions[i - 1]
        if gap > 1:
            total = total + gap * x[positions[i]]
    return total, len(positions)


def make():
    return gaps, [
        (torch.tensor([1.0, 0.0, 2.0, 3.0, 0.0, 4.0], requires_grad=True),),
        (torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], requires_grad=True),),
        (torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 9.0], requires_grad=True),),
    ]
