"""Returns from inside nested branches, and code that runs only if none of them was taken."""

import torch

EXPECT = "graph"


def solve_quadratic(a, b, c):
    """Real roots of a*x**2 + b*x + c, NaN where there is none."""
    nan = torch.full((2,), float("nan"))
    if a == 0:
        if b == 0:
            return nan
        root = -c / b
        return torch.stack([root, root])
    discriminant = b**2 - 4 * a * c
    if discriminant < 0:
        return nan
    if discriminant > 0:
        root = discriminant.sqrt()
        if b > 0:
            q = -0.5 * (b + root)
        else:
            q = -0.5 * (b - root)
        return torch.stack([q / a, c / q])
    return (-b / (2 * a)).expand(2).clone()


def make():
    def equation(*coefficients):
        return tuple(torch.tensor(c, requires_grad=True) for c in coefficients)

    return solve_quadratic, [
        equation(1.0, -3.0, 2.0),
        equation(1.0, 3.0, 2.0),
        equation(1.0, 0.0, 1.0),
        equation(0.0, 2.0, 1.0),
        equation(0.0, 0.0, 1.0),
        equation(1.0, -2.0, 1.0),
    ]
