"""The two sides of a branch give tensors of different sizes."""
import torch

EXPECT = "graph"


def features(x):
    if x.mean() > 0:
        y = torch.cat([x, x.square()])
    else:
        y = x[:2] * 3.0
    return y - y.mean()


def make():
    return features, [
        (torch.tensor([1.0, 2.0, 3.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -3.0], requires_grad=True),),
        (torch.tensor([5.0, -2.0, -1.0], requires_grad=True),),
    ]
