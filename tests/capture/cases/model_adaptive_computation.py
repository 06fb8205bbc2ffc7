"""Adaptive computation time: a recurrent cell ponders until its halting probabilities sum to one."""
import torch
from torch import nn

EXPECT = "graph"


class AdaptiveComputation(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(3, 4)
        self.halt = nn.Linear(4, 1)

    def forward(self, x):
        h = torch.zeros(1, 4)
        mean = torch.zeros(1, 4)
        budget = torch.ones(())
        steps = 0
        while True:
            h = self.cell(x, h)
            p = torch.sigmoid(self.halt(h)).squeeze()
            steps += 1
            if budget - p < 0.05 or steps >= 6:
                mean = mean + budget * h
                break
            mean = mean + p * h
            budget = budget - p
        return mean, steps + budget


def make():
    torch.manual_seed(0)
    model = AdaptiveComputation()
    nn.init.constant_(model.halt.bias, -1.5)
    x = torch.tensor([[1.0, 0.5, -1.0]])
    with torch.no_grad():
        model.halt.weight.mul_(4.0)
    return model, [(x,), (x * -1.0,), (x * -2.0,), (x * -4.0,)]
