"""`any` and `all` over generator expressions of tensor tests stop at the first answer."""

import torch

EXPECT = "graph"


def guard(tensors):
    if any(t.isnan().any() for t in tensors):
        return torch.zeros(2)
    if all(t.norm() < 1 for t in tensors):
        return sum(tensors)
    return sum(t / t.norm().clamp(min=1) for t in tensors)


def make():
    def call(*rows):
        return ([torch.tensor(row, requires_grad=True) for row in rows],)

    return guard, [
        call([0.1, 0.2], [0.3, 0.4]),
        call([1.1, 0.2], [0.3, 0.4]),
        call([0.1, float("nan")], [0.3, 0.4]),
        call([0.1, 0.2], [0.3, 4.0]),
    ]
