"""An nn.LSTM encoder whose second pass runs only when the first one was uncertain."""
import torch
from torch import nn

EXPECT = "graph"


class TwoPass(nn.Module):
    def __init__(self):
        super().__init__()
        self.fast = nn.LSTM(2, 3, batch_first=True)
        self.slow = nn.LSTM(3, 3, num_layers=2, batch_first=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        features, (h, _) = self.fast(x)
        p = self.head(h[-1]).softmax(-1)
        if (p[:, 0] - p[:, 1]).abs().min() < 0.4:
            _, (h, _) = self.slow(features)
            p = self.head(h[-1]).softmax(-1)
        return p


def make():
    torch.manual_seed(4)
    model = TwoPass()
    with torch.no_grad():
        model.head.weight.mul_(3.0)
    x = torch.linspace(-1.0, 1.0, 16).reshape(2, 4, 2)
    return model, [(x,), (x * 6.0,), (x * -6.0,), (x * 0.1 + 2.0,)]
