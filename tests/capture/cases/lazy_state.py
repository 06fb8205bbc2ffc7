"""A state that is None until the first call creates it, with a decision in both phases."""

import torch
from torch import nn

EXPECT = "graph"
MAX_GRAPHS = 2  # one for the first call, one for the rest


class Baseline(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = None

    def forward(self, reward):
        if self.value is None:
            self.value = reward.detach() if reward > 0 else torch.zeros(())
        elif (reward - self.value).abs() < 5:
            self.value = 0.9 * self.value + 0.1 * reward.detach()
        return reward - self.value


def make():
    return Baseline(), [(torch.tensor(v, requires_grad=True),) for v in (2.0, 0.5, 10.0, -1.0)]
