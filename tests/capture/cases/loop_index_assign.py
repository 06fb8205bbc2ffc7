"""Index assignment inside a loop: a running maximum written into a fresh tensor."""
import torch

EXPECT = "graph"


def running_max(x):
    out = torch.zeros_like(x)
    out[0] = x[0]
    for i in range(1, len(x)):
        if x[i] > out[i - 1]:
            out[i] = x[i]
        else:
            out[i] = out[i - 1]
    return out


def make():
    return running_max, [
        (torch.tensor([1.0, 3.0, 2.0, 5.0], requires_grad=True),),
        (torch.tensor([4.0, 3.0, 2.0, 1.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
    ]
