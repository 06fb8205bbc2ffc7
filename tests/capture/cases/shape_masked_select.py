"""`masked_select` and a median over what is left, with a branch on the count."""
import torch

EXPECT = "graph"


def robust_scale(x):
    kept = torch.masked_select(x, (x - x.mean()).abs() < 2.0)
    if kept.numel() > 2:
        return kept.var()
    return x.abs().mean()


def make():
    return robust_scale, [
        (torch.tensor([1.0, 1.5, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 1.5, 90.0, 0.5], requires_grad=True),),
        (torch.tensor([-9.0, 0.2, 9.0, 0.5], requires_grad=True),),
        (torch.tensor([-9.0, 0.2, 9.0, -0.5], requires_grad=True),),
    ]
