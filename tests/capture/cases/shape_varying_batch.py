"""The batch size varies from call to call; a branch is decided by the values."""
import torch
from torch import nn

EXPECT = "graph"
MAX_GRAPHS = 3  # the first size, any size, and a batch of one (which broadcasts)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 4)
        self.b = nn.Linear(4, 2)

    def forward(self, x):
        h = torch.relu(self.a(x))
        if h.mean() > 0.5:
            h = h / h.mean()
        return self.b(h)


def make():
    torch.manual_seed(0)
    return Net(), [(torch.randn(n, 3) * s,) for n, s in ((2, 0.1), (5, 9.0), (3, 0.1), (7, 9.0), (1, 9.0))]
