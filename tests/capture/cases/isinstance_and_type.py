"""Python asks about types and shapes of tensors that come out of branches; no value is needed for that."""

import torch

EXPECT = "any"  # not in one graph yet


def as_vector(x):
    return x if isinstance(x, torch.Tensor) and x.dim() == 1 else torch.as_tensor([x])


def gather(x):
    if x.sum() > 0:
        part = x.max()
    else:
        part = x.min()
    assert part.dtype is torch.float32
    assert part.shape == ()
    row = part[None].expand(2, -1) if part.ndim == 0 else part
    return as_vector(row[0]) + len(row), hasattr(part, "grad_fn"), type(part) is torch.Tensor


def make():
    return gather, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([4.0, -2.0], requires_grad=True),),
    ]
