"""A whole step with a loss scale: backward, unscale, and skip the update when a gradient overflowed."""
import torch
from torch import nn

EXPECT = "any"


class Trainer:
    def __init__(self):
        self.model = nn.Linear(2, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.scale = 1024.0
        self.skipped = 0

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = ((self.model(x) - y) ** 2).mean()
        (loss * self.scale).backward()
        for p in self.model.parameters():
            p.grad.div_(self.scale)
        if all(torch.isfinite(p.grad).all() for p in self.model.parameters()):
            self.optimizer.step()
        else:
            self.scale /= 2
            self.skipped += 1
        return loss.detach()


def make():
    torch.manual_seed(0)
    trainer = Trainer()
    x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0]])
    return trainer.step, [(x, y), (x * 1e19, y), (x * 0.5, y), (x * float("inf"), y)]


def state(program):
    trainer = program.__self__
    return {"weights": trainer.model.state_dict(), "scale": trainer.scale, "skipped": trainer.skipped}
