"""A Python flag and a mode string among the arguments choose the program, tensors choose within it."""

import torch

EXPECT = "graph"
MAX_GRAPHS = 3  # one for each combination that occurs


def reduce_loss(errors, mode, robust=False):
    if robust and errors.abs().max() > 3:
        errors = errors.clamp(-3, 3)
    loss = errors.square()
    if mode == "sum":
        return loss.sum()
    return loss.mean() if loss.max() > 1 else loss.max()


def make():
    def vector(*values):
        return torch.tensor(values, requires_grad=True)

    return reduce_loss, [
        (vector(0.6, 0.8), "mean"),
        (vector(6.0, 0.8), "mean"),
        (vector(6.0, 0.8), "sum", True),
        (vector(0.6, 0.8), "sum", True),
        (vector(6.0, 0.8), "sum", False),
    ]
