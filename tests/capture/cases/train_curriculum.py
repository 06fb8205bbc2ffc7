"""A curriculum: a step counter on the module (`self.step += 1`) decides which loss is used, a tensor when to skip."""
import torch
from torch import nn

EXPECT = "graph"
MAX_GRAPHS = 2


class Curriculum(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.step = 0

    def forward(self, x, y):
        self.step += 1
        error = self.layer(x) - y
        if self.step <= 2:
            loss = error.abs().mean()
        else:
            loss = (error ** 2).mean()
        if loss > 5.0:
            return loss * 0.0
        return loss


def make():
    torch.manual_seed(0)
    model = Curriculum()
    x = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    y = torch.tensor([[1.0], [0.0]])
    return model, [(x, y), (x * 20.0, y), (x, y), (x, y * 30.0), (x * 0.5, y)]


def state(program):
    return {"step": program.step}
