"""A dataclass's __post_init__ asks for the type of a number of the graph; replace() runs it again."""

from dataclasses import dataclass, replace

import torch

EXPECT = "graph"


@dataclass
class Box:
    size: object
    scale: object = 1

    def __post_init__(self):
        self.kind = "int" if isinstance(self.size, int) else "other"
        if self.scale > 2:
            self.scale = 2


def f(x):
    box = Box(int(x[0]), x[1])
    other = replace(box, scale=9)
    return box.kind, box, other


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [2.0, 7.0], [5.0, -2.0])]
