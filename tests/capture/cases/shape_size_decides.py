"""A branch on the size (a Python number): small batches and large ones take different code."""
import torch

EXPECT = "any"


def normalise(x):
    if x.shape[0] < 3:
        return x - x.mean()
    if x.std() > 1.0:
        return (x - x.mean(0)) / x.std(0)
    return x - x.mean(0)


def make():
    def batch(n, scale):
        return ((torch.arange(2.0 * n).reshape(n, 2).sin() * scale).requires_grad_(),)

    return normalise, [batch(2, 1.0), batch(4, 1.0), batch(5, 9.0), batch(1, 1.0), batch(6, 0.1)]
