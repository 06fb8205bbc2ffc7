"""A convolution block whose BatchNorm (in training mode) runs only for images with enough contrast."""
import torch
from torch import nn

EXPECT = "graph"


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x):
        y = self.conv(x)
        if x.std() > 0.5:
            y = self.norm(y)
        scale = 1
        while y.abs().max() > 1.0:
            y = y / 2
            scale *= 2
        return y.mean((2, 3)), scale


def make():
    torch.manual_seed(0)
    model = Block()
    image = torch.linspace(-2.0, 2.0, 32).reshape(2, 1, 4, 4)
    return model, [(image,), (image * 0.1,), (image * 3.0,), (torch.ones(2, 1, 4, 4) * 9.0,)]


def state(program):
    return {"batches": program.norm.num_batches_tracked, "mean": program.norm.running_mean}
