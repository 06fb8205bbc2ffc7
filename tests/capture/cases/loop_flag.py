"""A flag `done` starts as False and is set with `bool(tensor)`; a Python limit bounds the rounds."""
import torch

EXPECT = "graph"


def gradient_descent(x):
    done = False
    step = 0
    while not done and step < 12:
        gradient = 2.0 * (x - 1.0)
        x = x - 0.3 * gradient
        done = bool(gradient.abs().max() < 0.2)
        step += 1
    return x, done, step


def make():
    return gradient_descent, [
        (torch.tensor([1.01, 0.99], requires_grad=True),),
        (torch.tensor([3.0, -2.0], requires_grad=True),),
        (torch.tensor([9.0e6, 1.0], requires_grad=True),),
    ]
