"""A boolean mask selects rows: how many is known only from the values."""
import torch

EXPECT = "graph"


def selected_mean(x, threshold):
    mask = x.sum(-1) > threshold
    kept = x[mask]
    if kept.shape[0] == 0:
        return x.new_zeros(2), 0
    return kept.mean(0), kept.shape[0]


def make():
    def call(threshold):
        return torch.tensor([[1.0, 2.0], [-1.0, 0.5], [3.0, 3.0]], requires_grad=True), torch.tensor(threshold)

    return selected_mean, [call(0.0), call(-9.0), call(9.0), call(5.0)]
