"""Reading a variable that only the loop assigns raises UnboundLocalError when the loop did not run."""
import torch

EXPECT = "graph"


def last_value(x, limit):
    while x.sum() < limit:
        last = x.sum()
        x = x + 1.0
    return last * 2.0


def make():
    def call(limit):
        return torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(limit)

    return last_value, [call(10.0), call(0.0), call(4.0)]
