"""Views made under `no_grad` and written to outside of it: autograd forbids it where it would have to know."""

import torch

EXPECT = "any"  # served imperatively: the exception is torch's own


def program(x, w):
    with torch.no_grad():
        part = x[:2]
        mapped = torch.nn.functional.linear(x, torch.eye(3))
    if w.sum() > 5:
        part.mul_(2.0)
    elif w.sum() > 0:
        mapped.mul_(w)
    return part + 1, mapped


def make():
    def tensor(*numbers, grad=False):
        return torch.tensor(numbers, requires_grad=grad)

    return program, [
        (tensor(1.0, 2.0, 3.0), tensor(1.0, 1.0, 1.0, grad=True)),
        (tensor(1.0, 2.0, 3.0), tensor(1.0, -1.0, -1.0)),
        (tensor(1.0, 2.0, 3.0), tensor(4.0, 4.0, 4.0)),
    ]
