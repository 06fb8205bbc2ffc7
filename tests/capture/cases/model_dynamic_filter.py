"""A median-like filter: outliers of a signal are replaced in place, repeatedly, until none is left."""
import torch

EXPECT = "graph"


def clean(signal, limit):
    signal = signal.clone()
    while True:
        neighbours = (torch.roll(signal, 1) + torch.roll(signal, -1)) / 2
        outliers = (signal - neighbours).abs() > limit
        if not outliers.any():
            return signal
        signal[outliers] = 0.5 * (signal[outliers] + neighbours[outliers])


def make():
    def call(*x):
        return torch.tensor(x, requires_grad=True), torch.tensor(1.0)

    return clean, [call(0.0, 0.5, 1.0, 0.5), call(0.0, 4.0, 1.0, 0.5), call(9.0, -9.0, 9.0, 1.0)]
