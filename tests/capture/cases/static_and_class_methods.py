"""Static methods, class methods and a class attribute, called with tensors that decide."""

import torch
from torch import nn

EXPECT = "graph"


class Normaliser(nn.Module):
    floor = 0.5

    @staticmethod
    def shrink(x):
        return x / x.norm() if x.norm() > 1 else x * 1.0

    @classmethod
    def lift(cls, x):
        if x.min() < cls.floor:
            return x.clamp(min=cls.floor)
        return cls.shrink(x)

    def forward(self, x):
        return self.lift(x) + Normaliser.shrink(x) * self.floor


class Sharper(Normaliser):
    floor = -2.0


def make():
    return Sharper(), [
        (torch.tensor([0.5, 0.7], requires_grad=True),),
        (torch.tensor([1.5, 0.7], requires_grad=True),),
        (torch.tensor([-4.0, 0.7], requires_grad=True),),
    ]
