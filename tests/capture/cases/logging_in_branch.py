"""A logger warns inside a branch, with lazy arguments taken from a tensor."""

import logging

import torch

EXPECT = "graph"

logger = logging.getLogger("clipper")


def clip(x):
    norm = x.norm()
    if norm > 2:
        logger.warning("norm %.2f clipped", norm.item())
        x = x * (2 / norm)
    return x.sin()


def make():
    return clip, [
        (torch.tensor([1.0, 1.0], requires_grad=True),),
        (torch.tensor([3.0, 4.0], requires_grad=True),),
        (torch.tensor([6.0, -8.0], requires_grad=True),),
    ]
