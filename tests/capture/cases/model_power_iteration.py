"""Power iteration for the largest eigenvalue, until it no longer changes."""
import torch

EXPECT = "graph"


def largest_eigenvalue(a):
    v = torch.ones(a.shape[0])
    value = torch.zeros(())
    for _ in range(8):
        w = a @ v
        v = w / w.norm()
        new = v @ a @ v
        if torch.abs(new - value) < 1e-2:
            return new
        value = new
    return value


def make():
    def call(*rows):
        return (torch.tensor(rows, requires_grad=True),)

    return largest_eigenvalue, [
        call([2.0, 0.0], [0.0, 2.0]),
        call([2.0, 1.0], [1.0, 3.0]),
        call([1.0, 3.0], [0.0, -1.5]),
    ]
