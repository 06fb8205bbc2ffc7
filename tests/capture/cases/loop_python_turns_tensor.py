"""The loop's test starts as a Python bool and becomes a tensor after the first round."""
import torch

EXPECT = "graph"


def settle(x):
    moving = True
    rounds = 0
    while moving:
        new = 0.5 * x + 1.0
        moving = (new - x).abs().max() > 0.1
        x = new
        rounds += 1
    return x, rounds


def make():
    return settle, [
        (torch.tensor([2.0, 2.0], requires_grad=True),),
        (torch.tensor([0.0, 2.5], requires_grad=True),),
        (torch.tensor([20.0, -9.0], requires_grad=True),),
    ]
