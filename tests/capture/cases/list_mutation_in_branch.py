"""A list is appended to, extended, popped and assigned to inside branches."""

import torch

EXPECT = "graph"


def collect(x):
    parts = [x, x * 2]
    if x.sum() > 0:
        parts.append(x.sin())
        parts[0] = x + 1
    else:
        parts.pop()
        parts.extend([x.cos(), x.tan()])
    return torch.stack(parts), len(parts)


def make():
    return collect, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([4.0, -2.0], requires_grad=True),),
    ]
