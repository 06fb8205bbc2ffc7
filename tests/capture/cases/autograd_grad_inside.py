"""`torch.autograd.grad` inside the program, with a decision on the gradient; the result stays differentiable."""

import torch

EXPECT = "any"


def energy_and_force(x):
    energy = (x**4).sum()
    (gradient,) = torch.autograd.grad(energy, x, create_graph=True)
    force = -gradient
    if force.norm() > 5:
        force = 5 * force / force.norm()
    return energy, force


def make():
    return energy_and_force, [
        (torch.tensor([0.5, 1.0], requires_grad=True),),
        (torch.tensor([2.0, 1.0], requires_grad=True),),
        (torch.tensor([-1.0, 0.2], requires_grad=True),),
    ]
