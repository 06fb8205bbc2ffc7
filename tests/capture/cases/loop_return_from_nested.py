"""`return` from two loops deep: find the first pair of entries that sums to a target."""
import torch

EXPECT = "graph"


def two_sum(x, target):
    for i in range(4):
        for j in range(i + 1, 4):
            if (x[i] + x[j] - target).abs() < 1e-4:
                return i, j, x[i] * x[j]
    return None, None, x.sum()


def make():
    def call(target):
        return torch.tensor([1.0, 2.5, 4.0, 7.0], requires_grad=True), torch.tensor(target)

    return two_sum, [call(3.5), call(11.0), call(9.5), call(100.0)]
