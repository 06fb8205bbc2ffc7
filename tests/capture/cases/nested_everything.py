"""Three deep: a class, a nested function and a conditional expression decide inside each other, with state."""

import torch
from torch import nn

EXPECT = "graph"


class Regulator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.register_buffer("trust", torch.tensor(1.0))
        self.alarms = 0

    def damp(self, x):
        def soften(v, by=0.5):
            return v * by if v.abs().max() > 2 else v.tanh()

        if x.mean() > 0:
            return soften(x)
        return soften(-x, by=0.25)

    def forward(self, x):
        y = 3 * self.fc(x)
        if y.norm() > x.norm() * self.trust:
            y = self.damp(y)
            if y.norm() > 1:
                self.alarms += 1
                self.trust *= 0.5 if self.alarms < 2 else 2.0
            y = y.clone()
            y[0] = x[0]
        else:
            self.trust.fill_(1.0)
        return y + x


def make():
    return Regulator(), [
        (torch.tensor([0.1, 0.2, 0.1], requires_grad=True),),
        (torch.tensor([9.0, -0.2, 4.0], requires_grad=True),),
        (torch.tensor([-6.0, 7.2, 5.0], requires_grad=True),),
        (torch.tensor([4.0, 0.2, 8.0], requires_grad=True),),
        (torch.tensor([-2.0, -1.0, 3.0], requires_grad=True),),
    ]
