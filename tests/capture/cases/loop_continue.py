"""`continue` in a while loop: rounds whose value is negative are skipped, the counter still moves on."""
import torch

EXPECT = "graph"


def sum_of_positive_roots(x):
    total = torch.zeros(())
    i = 0
    while i < 5:
        value = x[i]
        i += 1
        if value < 0:
            continue
        total = total + value.sqrt()
    return total


def make():
    return sum_of_positive_roots, [
        (torch.tensor([1.0, 4.0, 9.0, 16.0, 25.0], requires_grad=True),),
        (torch.tensor([-1.0, 4.0, -9.0, 16.0, -25.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -3.0, -4.0, -5.0], requires_grad=True),),
    ]
