"""A dataclass with __post_init__, methods and field defaults; replace() on one side."""

import dataclasses
from dataclasses import dataclass, field
import torch

EXPECT = "any"


@dataclass
class Box:
    low: torch.Tensor
    high: torch.Tensor
    tags: list = field(default_factory=list)

    def __post_init__(self):
        if (self.low > self.high).any():
            self.low, self.high = torch.minimum(self.low, self.high), torch.maximum(self.low, self.high)
            self.tags.append("swapped")

    def area(self):
        return (self.high - self.low).prod()

    def __add__(self, other):
        return Box(torch.minimum(self.low, other.low), torch.maximum(self.high, other.high))


def f(x, y):
    box = Box(x, y)
    if box.area() > 2:
        box = dataclasses.replace(box, high=box.high * 0.5)
    both = box + Box(x * 0.1, y * 0.1)
    return both, len(box.tags), both.area()


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(0.0, 0.0), g(1.0, 1.0)),
        (g(2.0, 0.0), g(1.0, 1.0)),
        (g(0.0, 0.0), g(3.0, 3.0)),
        (g(5.0, 5.0), g(3.0, 1.0)),
    ]
