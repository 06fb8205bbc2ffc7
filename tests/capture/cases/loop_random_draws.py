"""Rejection sampling: the data and the random stream decide how many numbers are drawn."""
import torch

EXPECT = "graph"


def rejection(bound, scale):
    tries = 0
    sample = torch.rand(2)
    while sample.sum() > bound:
        sample = torch.rand(2)
        tries += 1
    return sample * scale, tries


def make():
    def call(bound):
        return torch.tensor(bound), torch.tensor([1.0, 2.0], requires_grad=True)

    return rejection, [call(2.5), call(0.6), call(0.2), call(1.0)]
