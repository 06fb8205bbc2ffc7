"""Inference mode and CPU autocast as blocks inside branches."""

import torch
from torch import nn

EXPECT = "any"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        if x.norm() > 2:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                y = self.fc(x)
            return y.float()
        with torch.inference_mode():
            probe = self.fc(x).sum()
        return self.fc(x) * float(probe > 0)


def make():
    return Net(), [
        (torch.tensor([1.0, 0.5], requires_grad=True),),
        (torch.tensor([4.0, 1.0], requires_grad=True),),
        (torch.tensor([-1.0, -0.5], requires_grad=True),),
    ]
