"""An LSTM cell loop that stops when its halting unit fires."""
import torch
from torch import nn

EXPECT = "graph"


class Ponder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(2, 3)
        self.halt = nn.Linear(3, 1)

    def forward(self, inputs, threshold):
        h = c = torch.zeros(1, 3)
        outputs = []
        for x in inputs:
            h, c = self.cell(x.unsqueeze(0), (h, c))
            outputs.append(h)
            if torch.sigmoid(self.halt(h)).item() > threshold:
                break
        return torch.cat(outputs), c


def make():
    torch.manual_seed(1)
    model = Ponder()
    x = torch.linspace(-1.0, 1.0, 10).reshape(5, 2)
    return model, [(x, torch.tensor(t)) for t in (0.9, 0.5, 0.617)]
