"""A Python loop over a list of settings, with a tensor-decided branch in each round."""
import torch

EXPECT = "graph"


def schedule(x):
    log = []
    for name, rate, limit in [("coarse", 0.5, 4.0), ("medium", 0.25, 2.0), ("fine", 0.125, 1.0)]:
        if x.abs().max() > limit:
            x = x * rate
            log.append(name)
        else:
            x = x + rate
            log.append("skip " + name)
    return x, log


def make():
    return schedule, [
        (torch.tensor([9.0, 1.0], requires_grad=True),),
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([3.0, -1.0], requires_grad=True),),
    ]
