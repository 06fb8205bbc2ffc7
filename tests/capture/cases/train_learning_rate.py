"""A plateau scheduler: the rate is cut when the loss has not improved for two calls."""
import torch

EXPECT = "graph"


class Plateau:
    def __init__(self):
        self.best = torch.tensor(float("inf"))
        self.bad = torch.tensor(0)
        self.rate = torch.tensor(0.1)

    def update(self, loss):
        if loss < self.best:
            self.best = loss
            self.bad = torch.zeros_like(self.bad)
        else:
            self.bad = self.bad + 1
        if self.bad >= 2:
            self.rate = self.rate * 0.5
            self.bad = torch.zeros_like(self.bad)
        return self.rate


def make():
    scheduler = Plateau()
    return scheduler.update, [(torch.tensor(v),) for v in (1.0, 1.5, 1.2, 0.5, 0.7, 0.9)]


def state(program):
    scheduler = program.__self__
    return {"best": scheduler.best, "bad": scheduler.bad, "rate": scheduler.rate}
