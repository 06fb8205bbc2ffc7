"""`match` on the structure of an argument; the guard compares tensors found in the pattern."""

import torch

EXPECT = "graph"


def area(shape):
    match shape:
        case {"kind": "ring", "radii": [inner, outer]} if outer > inner:
            return torch.pi * (outer**2 - inner**2)
        case {"kind": str() as kind, "radii": [first, *rest]} if first > 0:
            return torch.pi * first**2 * len(kind) + len(rest)
        case {"radii": [*radii]}:
            return torch.stack(radii).sum() * 0


def make():
    def ring(inner, outer):
        radii = [torch.tensor(inner, requires_grad=True), torch.tensor(outer, requires_grad=True)]
        return ({"kind": "ring", "radii": radii},)

    return area, [ring(1.0, 2.0), ring(2.0, 1.0), ring(-1.0, -2.0), ring(0.5, 3.0)]
