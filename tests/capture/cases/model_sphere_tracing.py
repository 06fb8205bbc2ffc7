"""Sphere tracing: a ray marches by the distance to the scene until it hits or leaves."""
import torch

EXPECT = "graph"


def distance(p, radius):
    return torch.minimum(p.norm() - radius, p[1] + 2.0)


def trace(origin, direction, radius):
    t = torch.zeros(())
    hit = False
    steps = 0
    while t < 10.0 and steps < 20:
        d = distance(origin + t * direction, radius)
        if d < 1e-2:
            hit = True
            break
        t = t + d
        steps += 1
    color = torch.exp(-t) if hit else torch.zeros(())
    return color, hit


def make():
    def call(x, y):
        direction = torch.tensor([x, y])
        return torch.tensor([-3.0, 0.0]), direction / direction.norm(), torch.tensor(1.0, requires_grad=True)

    return trace, [call(1.0, 0.0), call(0.0, 1.0), call(1.0, -1.0), call(1.0, 0.3)]
