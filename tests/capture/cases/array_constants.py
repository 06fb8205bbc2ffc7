"""Arrays that NumPy makes in the program become tensors."""

import numpy as np
import torch
from torch import nn

EXPECT = "graph"


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.anchors = np.array([1.0, 2.0, 4.0])

    def forward(self, x):
        table = np.sin(np.arange(x.size(1))[:, None] / np.power(100, np.arange(3)))
        grid = np.array([[0, 2], [1, 1]])
        x = x + torch.from_numpy(table).float() + torch.FloatTensor(table) * torch.Tensor(grid).sum()
        x = x * torch.from_numpy(self.anchors).to(x.dtype) + torch.as_tensor(self.anchors, dtype=torch.float32)
        return x[:, grid[0]], x[:, torch.LongTensor(grid[:, 0])], torch.as_tensor(np.eye(2))


def make():
    return Positions(), [(torch.randn(2, 4, 3),), (torch.ones(2, 4, 3),)]
