"""Chunks of different kinds are appended in a loop and concatenated afterwards."""
import torch

EXPECT = "graph"


def peaks(x):
    kept = [x.new_zeros(1)]
    for i in range(1, 5):
        if x[i] > x[i - 1] and x[i] > x[i + 1]:
            kept.append(x[i - 1:i + 2])
    return torch.cat(kept)


def make():
    return peaks, [
        (torch.tensor([0.0, 1.0, 0.0, 2.0, 0.0, 3.0], requires_grad=True),),
        (torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], requires_grad=True),),
        (torch.tensor([0.0, 1.0, 2.0, 1.5, 1.0, 5.0], requires_grad=True),),
    ]
