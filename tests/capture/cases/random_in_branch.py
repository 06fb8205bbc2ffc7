"""Random draws on one side only: the side that is not taken leaves the random stream alone."""

import torch

EXPECT = "graph"


def perturb(x):
    if x.std() < 0.5:
        noise = torch.randn_like(x)
        x = x + 0.1 * noise
        if noise.sum() > 0:
            x = x * torch.rand(())
    shuffled = x[torch.randperm(len(x))]
    return shuffled, torch.bernoulli(shuffled.sigmoid())


def make():
    return perturb, [
        (torch.tensor([1.0, 1.1, 1.2], requires_grad=True),),
        (torch.tensor([1.0, 5.1, 1.2], requires_grad=True),),
        (torch.tensor([2.0, 2.1, 2.2], requires_grad=True),),
        (torch.tensor([0.0, 0.0, 0.0], requires_grad=True),),
        (torch.tensor([0.3, 0.2, 0.1], requires_grad=True),),
    ]
