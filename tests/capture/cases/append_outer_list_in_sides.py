"""Outer lists that grow on some paths only: in branches, after early returns, and after an assertion."""

import torch

EXPECT = "graph"


class Log:
    def __init__(self):
        self.up, self.all, self.notes = [], [], []

    def __call__(self, x):
        if torch.isnan(x).any():
            self.notes.append("nan")
            return None
        loss = x.sum()
        if loss > 0:
            self.up.append(loss.item())
            self.all.append(("up", x * 2))
            if loss > 3:
                self.all.append([loss])
        else:
            self.all.append("down")
        self.all.append(x.mean())
        assert loss < 100, "too much"
        self.notes.append(loss)
        return loss * 2


def make():
    return Log(), [(torch.tensor([v, 1.0]),) for v in (1.0, -2.0, 3.0, float("nan"), 200.0, 0.5)]


def state(program):
    return vars(program)
