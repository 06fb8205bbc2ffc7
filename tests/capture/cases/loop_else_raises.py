"""`for/else` that raises when the iteration did not converge: same exception, same message."""
import torch

EXPECT = "graph"


def invert(a):
    x = torch.full_like(a, 0.1)
    for _ in range(6):
        x = x * (2.0 - a * x)
        if (a * x - 1.0).abs().max() < 1e-3:
            break
    else:
        raise RuntimeError("did not converge in 6 steps")
    return x


def make():
    return invert, [
        (torch.tensor([8.0, 9.0], requires_grad=True),),
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([10.0, 10.001], requires_grad=True),),
    ]
