"""A list appended to in a tensor-decided loop and stacked afterwards: the trajectory of an orbit."""
import torch

EXPECT = "graph"


def trajectory(x):
    points = [x]
    while x.norm() < 8.0:
        x = x * 1.6 + 0.1
        points.append(x)
    return torch.stack(points)


def make():
    return trajectory, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([9.0, 2.0], requires_grad=True),),
        (torch.tensor([0.1, 0.2], requires_grad=True),),
    ]
