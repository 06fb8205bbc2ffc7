"""`while True` left by a break that a tensor decides: the Babylonian square root."""
import torch

EXPECT = "graph"


def square_root(a):
    guess = a.clamp(min=1.0)
    while True:
        better = 0.5 * (guess + a / guess)
        if (better - guess).abs() < 1e-3:
            break
        guess = better
    return better


def make():
    return square_root, [
        (torch.tensor(1.0, requires_grad=True),),
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(900.0, requires_grad=True),),
    ]
