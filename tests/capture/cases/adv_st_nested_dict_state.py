"""A nested configuration dictionary is updated in a nested branch."""

import torch

EXPECT = "graph"


def make():
    stats = {"train": {"seen": 0, "loss": 0.0}, "bad": 0}

    def f(x):
        loss = x.square().sum()
        if loss < 100:
            if x[0] > 0:
                stats["train"]["seen"] += 1
                stats["train"]["loss"] += loss.item()
        else:
            stats["bad"] += 1
        return loss

    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [20.0, 4.0], [2.0, 5.0])]
