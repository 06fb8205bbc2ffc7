"""A no_grad block inside the loop's body: the scale is a constant for the gradient, the product is not."""
import torch

EXPECT = "graph"


def normalise_until(x):
    while x.norm() > 1.5:
        with torch.no_grad():
            scale = 0.5 + 0.1 * x.norm().reciprocal()
        x = x * scale
    return x


def make():
    return normalise_until, [
        (torch.tensor([1.0, 0.5], requires_grad=True),),
        (torch.tensor([2.0, 0.5], requires_grad=True),),
        (torch.tensor([-20.0, 9.0], requires_grad=True),),
    ]
