"""The number of rounds depends on two tensors joined with `or` and `not`."""
import torch

EXPECT = "graph"


def meet(a, b):
    rounds = 0
    while a.sum() < b.sum() or not (a > 0).all():
        a = a + 0.75
        b = b * 0.9
        rounds += 1
    return a, b, rounds


def make():
    def call(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    return meet, [
        call([5.0, 5.0], [1.0, 1.0]),
        call([1.0, 1.0], [9.0, 9.0]),
        call([-3.0, 8.0], [1.0, 1.0]),
    ]
