"""Inside one side of a branch a loop may assign a variable; the other side reads it and finds it unbound."""
import torch

EXPECT = "graph"


def pick(x, n):
    total = x.sum()
    if n % 2 == 0:
        rounds = 0
        while total < 2.0 and rounds < 3:
            rounds += 1
            large = x.max()
            total = total + large
    elif total > 0:
        total = total * 0.5
    else:
        total = total + large
    return total


def make():
    def call(n, *x):
        return torch.tensor(x, requires_grad=True), torch.tensor(n)

    return pick, [call(0, 0.5, 0.5), call(1, 0.5, 0.5), call(1, -0.5, -0.5), call(2, 5.0, 1.0)]
