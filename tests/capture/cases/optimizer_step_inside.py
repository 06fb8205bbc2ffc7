"""A whole training step: zero_grad, backward, clipping, an optimizer step that is skipped when the loss is NaN."""

import torch
from torch import nn

EXPECT = "any"


class Trainer:
    def __init__(self):
        self.model = nn.Linear(2, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.skipped = 0

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = (self.model(x).squeeze(-1) - y).square().mean()
        if loss.isnan():
            self.skipped += 1
            return None
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()


def make():
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    return Trainer().step, [
        (x, torch.tensor([1.0, 2.0])),
        (x, torch.tensor([float("nan"), 2.0])),
        (x * 2, torch.tensor([1.0, -2.0])),
    ]


def state(program):
    trainer = program.__self__
    return {"model": trainer.model.state_dict(), "momentum": trainer.optimizer.state_dict()["state"]}
