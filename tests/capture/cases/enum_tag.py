"""An Enum member chosen by a tensor, compared with `is` later and kept in an attribute."""

import enum

import torch
from torch import nn

EXPECT = "graph"


class Phase(enum.Enum):
    WARM = 0.1
    HOT = 1.0


class Schedule(nn.Module):
    def __init__(self):
        super().__init__()
        self.phase = Phase.WARM

    def forward(self, loss):
        phase = Phase.HOT if loss < 1 else Phase.WARM
        rate = phase.value
        if phase is Phase.HOT:
            loss = loss.square()
        self.phase = phase
        return loss * rate


def make():
    return Schedule(), [(torch.tensor(v, requires_grad=True),) for v in (2.0, 0.5, 0.1, 5.0)]
