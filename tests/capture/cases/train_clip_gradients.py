"""A training step whose gradients are clipped when their norm is large, with Adam."""
import torch
from torch import nn

EXPECT = "any"


class Step:
    def __init__(self):
        self.model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.05)
        self.clipped = 0

    def __call__(self, x, y):
        loss = (self.model(x).squeeze(1) - y).pow(2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        if norm > 2.0:
            self.clipped += 1
        self.optimizer.step()
        return loss.detach(), norm


def make():
    torch.manual_seed(0)
    x, y = torch.tensor([[1.0, 2.0], [-1.0, 0.5]]), torch.tensor([0.1, 0.0])
    return Step(), [(x * 0.1, y), (x, y * 90.0), (x * -1.0, y)]


def state(program):
    return {"weights": program.model.state_dict(), "clipped": program.clipped}
