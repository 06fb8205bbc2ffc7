"""A module's buffers and a Python attribute are updated in a tensor-decided loop of its forward."""
import torch
from torch import nn

EXPECT = "graph"


class Integrator(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("level", torch.zeros(2))
        self.register_buffer("ticks", torch.zeros((), dtype=torch.int64))
        self.gain = nn.Parameter(torch.tensor([0.5, 0.25]))

    def forward(self, x):
        while self.level.sum() < x.sum():
            self.level += 0.5
            self.ticks.add_(1)
        return x * self.gain + self.level


def make():
    model = Integrator()
    return model, [
        (torch.tensor([-1.0, 0.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([1.0, 1.5], requires_grad=True),),
        (torch.tensor([4.0, 5.0], requires_grad=True),),
    ]


def state(program):
    return {"level": program.level, "ticks": program.ticks}
