"""A loss scaler: batches whose loss is not finite are skipped and the scale is halved, else it slowly grows."""
import torch
from torch import nn

EXPECT = "graph"


class ScaledLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -0.5]))
        self.register_buffer("scale", torch.tensor(8.0))
        self.register_buffer("good", torch.tensor(0))

    def forward(self, x):
        loss = (x * self.weight).exp().mean() * self.scale
        if not torch.isfinite(loss):
            self.scale.mul_(0.5)
            self.good.zero_()
            return None
        self.good += 1
        if self.good == 2:
            self.scale = self.scale * 2.0
            self.good = torch.zeros_like(self.good)
        return loss


def make():
    x = torch.tensor([1.0, 2.0])
    return ScaledLoss(), [(x,), (x * 0.5,), (x * 1000.0,), (x * float("nan"),), (x,)]


def state(program):
    return {"scale": program.scale, "good": program.good}
