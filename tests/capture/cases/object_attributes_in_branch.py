"""A small mutable object is filled in branches and read afterwards."""

import torch

EXPECT = "graph"


class Box:
    def __init__(self, low, high):
        self.low, self.high = low, high
        self.area = None

    def measure(self):
        side = (self.high - self.low).clamp(min=0)
        self.area = side.prod()


def overlap(x, y):
    box = Box(torch.maximum(x[0], y[0]), torch.minimum(x[1], y[1]))
    if (box.low < box.high).all():
        box.measure()
        if box.area > 1:
            box.high = box.low + 1
    else:
        box.area = (box.high - box.low).sum()
        box.low = box.high
    return box.area, box.high - box.low


def make():
    def boxes(*corners):
        return tuple(torch.tensor(c, requires_grad=True) for c in corners)

    return overlap, [
        boxes([[0.0, 0.0], [2.0, 3.0]], [[0.5, 0.0], [4.0, 4.0]]),
        boxes([[0.0, 0.0], [1.0, 1.0]], [[0.5, 0.5], [4.0, 4.0]]),
        boxes([[0.0, 0.0], [1.0, 1.0]], [[1.5, 0.5], [4.0, 4.0]]),
    ]
