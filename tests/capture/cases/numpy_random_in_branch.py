"""Python's and numpy's random streams are drawn from on one side."""

import random

import numpy as np
import torch

EXPECT = "any"


def jitter(x):
    if x.mean() > 0:
        x = x + random.random() * 0.1
        x = x * float(np.random.uniform(0.9, 1.1))
    return x.tanh()


def make():
    return jitter, [
        (torch.tensor([0.5, 1.0], requires_grad=True),),
        (torch.tensor([-2.0, 1.0], requires_grad=True),),
        (torch.tensor([1.0, 3.2], requires_grad=True),),
    ]
