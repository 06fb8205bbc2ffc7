"""Newton's method for a system: a linear solve each round until the residual is small, with damping."""
import torch

EXPECT = "graph"


def residual(x):
    return torch.stack([x[0] ** 2 + x[1] ** 2 - 4.0, x[0] * x[1] - 1.0])


def jacobian(x):
    return torch.stack([torch.stack([2.0 * x[0], 2.0 * x[1]]), torch.stack([x[1], x[0]])])


def newton(x):
    r = residual(x)
    steps = 0
    while r.norm() > 1e-2 and steps < 15:
        step = torch.linalg.solve(jacobian(x), r)
        damping = 1.0
        while residual(x - damping * step).norm() > r.norm() and damping > 0.1:
            damping = damping * 0.5
        x = x - damping * step
        r = residual(x)
        steps += 1
    return x, steps


def make():
    return newton, [
        (torch.tensor([1.93, 0.52], requires_grad=True),),
        (torch.tensor([3.0, 1.0], requires_grad=True),),
        (torch.tensor([0.2, 0.1], requires_grad=True),),
    ]
