"""Patterns in a generator, over events that differ from call to call."""

import torch

EXPECT = "any"


class Event:
    __match_args__ = ("name", "amount")

    def __init__(self, name, amount):
        self.name, self.amount = name, amount


def amounts(events):
    for event in events:
        match event:
            case Event("add", amount):
                yield amount
            case Event("sub", amount=amount):
                yield -amount
            case [first, *_]:
                yield first
            case {"amount": amount, **rest}:
                yield amount + len(rest)
            case None:
                return


def total(x, events):
    for amount in amounts(events):
        x = x + amount
    return x, [e for e in events if isinstance(e, str)]


def make():
    def one():
        return torch.tensor([1.0, 2.0], requires_grad=True)

    events = [Event("add", 2.0), Event("sub", 0.5), [torch.tensor(1.0), 2], {"amount": 3, "b": 4}, "skipped"]
    return total, [(one(), events), (one(), events[:2]), (one(), [Event("sub", 2.0), None, *events]), (one(), [])]
