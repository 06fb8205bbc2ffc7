"""A line is printed each round, with the round's number and error."""
import torch

EXPECT = "any"


def verbose_solve(x):
    step = 0
    while x.abs().max() > 0.1:
        print(f"step {step}: {x.abs().max().item():.4f}")
        x = x * 0.4
        step += 1
    print("done after", step)
    return x


def make():
    return verbose_solve, [
        (torch.tensor([0.01, 0.02]),),
        (torch.tensor([0.5, 0.25]),),
        (torch.tensor([-8.0, 3.0]),),
    ]
