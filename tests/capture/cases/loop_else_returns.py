"""`for/else` over a tensor whose else part holds a branch that returns; the loop itself never breaks."""
import torch

EXPECT = "graph"


def settle(x):
    total = torch.zeros(())
    for value in x:
        if value < 0:
            continue
        total = total + value
    else:
        if total > 2.0:
            return total * 2.0, 1
    return total, 0


def make():
    return settle, [
        (torch.tensor([1.0, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -0.5], requires_grad=True),),
        (torch.tensor([1.0, -2.0, 0.5], requires_grad=True),),
    ]
