"""Slices with tensor bounds: the length of the crop is data."""
import torch

EXPECT = "graph"


def crop_mean(x, start, length):
    window = x[start:start + length]
    if window.sum() > 3.0:
        window = window.flip(0) * 0.5
    return window.sum(), window


def make():
    def call(start, length):
        return torch.arange(6.0, requires_grad=True), torch.tensor(start), torch.tensor(length)

    return crop_mean, [call(0, 2), call(2, 3), call(5, 1), call(3, 0)]
