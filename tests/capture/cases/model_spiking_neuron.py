"""A leaky integrate-and-fire neuron: it spikes and resets when its potential passes the threshold."""
import torch
from torch import nn

EXPECT = "graph"


class Neuron(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, 0.25]))
        self.register_buffer("potential", torch.zeros(()))

    def forward(self, inputs):
        spikes = []
        v = self.potential
        for x in inputs:
            v = 0.9 * v + self.weight @ x
            if v > 1.0:
                spikes.append(v)
                v = v - 1.0
            else:
                spikes.append(torch.zeros(()))
        self.potential = v.detach()
        return torch.stack(spikes)


def make():
    x = torch.ones(4, 2)
    return Neuron(), [(x * 0.1,), (x,), (x * -1.0,), (x * 3.0,)]


def state(program):
    return {"potential": program.potential}
