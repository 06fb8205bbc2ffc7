"""The caller passes empty and non-empty tensors to the same function."""
import torch

EXPECT = "any"


def safe_mean(x):
    if x.numel() == 0:
        return torch.tensor(0.0)
    if x.mean() > 1.0:
        return x.mean().log()
    return x.mean()


def make():
    return safe_mean, [
        (torch.tensor([3.0, 4.0], requires_grad=True),),
        (torch.zeros(0, requires_grad=True),),
        (torch.tensor([0.5, 0.1], requires_grad=True),),
        (torch.zeros(0, requires_grad=True),),
    ]
