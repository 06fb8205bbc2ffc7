"""An assert inside a loop holds in some calls and fails, in a later round, in others."""
import torch

EXPECT = "graph"


def monotone_decay(x, factor):
    while x.sum() > 1.0:
        new = x * factor
        assert new.sum() < x.sum(), "the sum must fall"
        x = new
    return x


def make():
    def call(a, b, f):
        return torch.tensor([a, b], requires_grad=True), torch.tensor([f, 0.25], requires_grad=True)

    return monotone_decay, [call(3.0, 1.0, 0.5), call(0.2, 0.1, 2.0), call(2.0, 1.0, 2.0), call(1.0, 30.0, 1.2)]
