"""An error that depends on values comes from torch itself and is caught: a matrix that has no Cholesky factor."""

import torch

EXPECT = "any"


def whiten(m):
    jitter = 0.0
    try:
        factor = torch.linalg.cholesky(m)
    except torch.linalg.LinAlgError:
        jitter = 3.0
        factor = torch.linalg.cholesky(m + jitter * torch.eye(2))
    return factor, jitter


def make():
    return whiten, [
        (torch.tensor([[2.0, 0.5], [0.5, 1.0]], requires_grad=True),),
        (torch.tensor([[1.0, 2.0], [2.0, 1.0]], requires_grad=True),),
        (torch.tensor([[4.0, 0.0], [0.0, 1.0]], requires_grad=True),),
    ]
