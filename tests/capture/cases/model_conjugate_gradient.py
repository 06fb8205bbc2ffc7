"""Conjugate gradients until the residual is small."""
import torch

EXPECT = "graph"


def conjugate_gradient(a, b):
    x = torch.zeros_like(b)
    r = b - a @ x
    p = r
    rs = r @ r
    for k in range(len(b)):
        if rs < 1e-3:
            break
        ap = a @ p
        alpha = rs / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return x, rs


def make():
    def call(diagonal, b):
        a = torch.diag(torch.tensor(diagonal)) + 0.1
        return a.requires_grad_(), torch.tensor(b, requires_grad=True)

    return conjugate_gradient, [
        call([1.0, 2.0, 3.0], [1.0, 2.0, -1.0]),
        call([1.0, 2.0, 3.0], [0.01, 0.01, 0.02]),
        call([2.0, 2.0, 2.0], [1.0, 1.0, 1.0]),
    ]
