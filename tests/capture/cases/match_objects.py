"""Class patterns look into objects of the outside, which differ from call to call."""

import dataclasses

import torch

EXPECT = "any"  # a graph for each form of the objects


@dataclasses.dataclass
class Leaf:
    value: torch.Tensor


@dataclasses.dataclass
class Plus:
    a: object
    b: object


@dataclasses.dataclass
class Scaled:
    by: float
    a: object


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


def evaluate(e, w):
    match e:
        case Leaf(v):
            return v * w
        case Plus(a=a, b=Leaf(value=v)):
            return evaluate(a, w) + 2 * v
        case Plus(a, b):
            return evaluate(a, w) + evaluate(b, w)
        case Scaled(by=0 | 0.0):
            return torch.zeros(2)
        case Scaled(by, a) if by > 0:
            return by * evaluate(a, w)
        case Scaled(a=Leaf(v) | Plus(Leaf(v), _)):
            return -v
        case Point(0, y) | Point(y, 0):
            return w * y
        case Point(x, y):
            return w * x + y


def make():
    def leaf(a, b):
        return Leaf(torch.tensor([a, b]))

    trees = [
        leaf(1.0, 2.0),
        Plus(leaf(1.0, 3.0), leaf(0.5, 0.5)),
        Plus(leaf(1.0, 3.0), Scaled(2.0, leaf(0.5, -1.0))),
        Plus(leaf(-4.0, 3.0), Scaled(2.0, leaf(7.0, -1.0))),
        Plus(Scaled(0, leaf(1.0, 3.0)), Plus(leaf(1.5, -2.0), leaf(0.25, 4.0))),
        Scaled(-1.0, leaf(3.0, 3.0)),
        Scaled(-1.0, Plus(leaf(5.0, 3.0), leaf(2.0, 1.0))),
        Point(0, 2.0),
        Point(3.0, 0),
        Point(3.0, 4.0),
        Point(5.0, 4.0),
    ]
    return evaluate, [(tree, torch.tensor([1.5, -0.5], requires_grad=True)) for tree in trees]
