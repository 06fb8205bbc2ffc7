"""The else part of a loop writes in place to a tensor of which a carried variable may be a view."""
import torch

EXPECT = "any"


def shrink(x, limit):
    base = x * 1.0
    view = base.view(3)
    if x.mean() < 1.0:
        rounds = 0
        while view.mean() > limit and rounds < 3:
            rounds += 1
            view = view * 0.5
        else:
            base.mul_(0.25)
    return view, base


def make():
    def call(limit, *x):
        return torch.tensor(x, requires_grad=True), torch.tensor(limit)

    return shrink, [call(9.0, 0.5, 1.0, 0.25), call(0.1, 0.5, 1.0, 0.25), call(0.1, 5.0, 1.0, 2.0)]
