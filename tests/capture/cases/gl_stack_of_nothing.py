"""`torch.stack` and `torch.cat` of a list that a loop may leave empty: torch refuses to make a tensor of no items."""

import torch

EXPECT = "any"  # the call that raises is imperative


def program(x):
    rows = []
    while x.sum() < 4:
        x = x * 2
        rows.append(x)
    try:
        return torch.stack(rows), torch.cat(rows)
    except (RuntimeError, ValueError) as error:
        return str(error)


def make():
    return program, [(torch.full((2,), v),) for v in (1.0, 0.1, 8.0)]
