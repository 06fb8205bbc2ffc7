"""An exponential moving average of the weights, kept in a second module and restarted when they drift apart."""
import torch
from torch import nn

EXPECT = "graph"


class Averaged(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(2, 2)
        self.teacher = nn.Linear(2, 2)
        self.teacher.requires_grad_(False)

    @torch.no_grad()
    def update(self, decay):
        for target, source in zip(self.teacher.parameters(), self.student.parameters()):
            if (target - source).abs().max() > 1.0:
                target.copy_(source)
            else:
                target.mul_(decay).add_((1 - decay) * source)

    def forward(self, x, decay):
        self.update(decay)
        return ((self.student(x) - self.teacher(x)) ** 2).mean()


def make():
    torch.manual_seed(0)
    model = Averaged()
    with torch.no_grad():
        model.student.weight.add_(1.5)
    x = torch.tensor([[1.0, -2.0]])
    return model, [(x, torch.tensor(d)) for d in (0.9, 0.5, 0.0)]


def state(program):
    return {"weight": program.teacher.weight, "bias": program.teacher.bias}
