"""`while/else`: the else part runs only when the loop ended without break."""
import torch

EXPECT = "graph"


def search_root(f_of_zero, slope):
    x = torch.zeros(())
    while x < 3.0:
        if (f_of_zero + slope * x).abs() < 0.3:
            break
        x = x + 0.5
    else:
        x = torch.full((), -1.0)
    return x, f_of_zero + slope * x


def make():
    def pair(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    return search_root, [pair(-2.0, 1.0), pair(0.1, 1.0), pair(5.0, 1.0)]
