"""A number taken from a tensor is looked up in a dict; the KeyError or ZeroDivisionError is caught."""

import torch

EXPECT = "any"

NAMES = {0: "zero", 1: "one", 2: "two"}


def describe(x):
    count = int((x > 0).sum())
    try:
        name = NAMES[count]
        share = 1 / count
    except KeyError as error:
        name, share = f"many {error}", 0.0
    except ZeroDivisionError:
        name, share = "none", 1.0
    return name, x * share


def make():
    return describe, [
        (torch.tensor([0.5, 0.5, -1.0], requires_grad=True),),
        (torch.tensor([-3.0, -4.0, -1.0], requires_grad=True),),
        (torch.tensor([1.0, 1.2, 2.0], requires_grad=True),),
        (torch.tensor([1.0, -1.2, -2.0], requires_grad=True),),
    ]
