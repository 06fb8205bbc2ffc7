"""The program raises on a tensor condition and catches it itself, falling back to another formula."""

import torch

EXPECT = "any"


class Singular(ArithmeticError):
    pass


def invert(m):
    determinant = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    if determinant.abs() < 1e-3:
        raise Singular("matrix is singular")
    adjoint = torch.stack([torch.stack([m[1, 1], -m[0, 1]]), torch.stack([-m[1, 0], m[0, 0]])])
    return adjoint / determinant


def robust_inverse(m):
    try:
        inverse = invert(m)
    except Singular:
        inverse = invert(m + torch.eye(2))
    else:
        inverse = inverse * 1.0
    return inverse


def make():
    return robust_inverse, [
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True),),
        (torch.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True),),
        (torch.tensor([[-1.0, 0.0], [0.0, 4.0]], requires_grad=True),),
    ]
