"""`Variable(x)` has the memory of `x` and not its history; with `requires_grad` it is a leaf of its own."""

import torch
from torch import nn
from torch.autograd import Variable

EXPECT = "graph"


class Penalty(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.critic = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward(self, words):
        frozen = Variable(self.embed(words))
        frozen.mul_(2)
        point = Variable(frozen.data, requires_grad=True)
        value = self.critic(point)
        slope = torch.autograd.grad(value, point, torch.ones(value.size()), create_graph=True)[0]
        return self.critic(frozen), ((slope.norm(2, dim=1) - 1) ** 2).mean(), frozen.requires_grad


def make():
    torch.manual_seed(0)
    return Penalty(), [(torch.tensor([0, 1, 2]),), (torch.tensor([4, 4, 0]),)]
