"""Two dimensions vary independently: pairwise distances with a data-decided normalisation."""
import torch

EXPECT = "graph"
MAX_GRAPHS = 2


def distances(a, b):
    d = (a.unsqueeze(1) - b.unsqueeze(0)).pow(2).sum(-1)
    if d.max() > 30.0:
        d = d / d.max()
    return d.min(dim=1).values.mean() + a.shape[0] / b.shape[0]


def make():
    def call(n, m, scale):
        a = torch.linspace(-1.0, 1.0, n * 2).reshape(n, 2) * scale
        b = torch.linspace(0.0, 2.0, m * 2).reshape(m, 2)
        return a.requires_grad_(), b.requires_grad_()

    return distances, [call(2, 3, 1.0), call(4, 5, 9.0), call(3, 7, 1.0), call(6, 2, 9.0)]
