"""A function made by a factory: it decides with what its closure holds, a tensor and a number."""

import torch

EXPECT = "graph"


def make_threshold(limit, slope):
    scale = torch.tensor(2.0, requires_grad=True)

    def threshold(x):
        def soften(v):
            return v * slope if v.mean() < limit else v / scale

        if x.max() > limit:
            return soften(x - limit)
        return x * scale

    return threshold


def make():
    return make_threshold(1.0, 0.1), [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([1.5, 0.2], requires_grad=True),),
        (torch.tensor([9.5, 8.2], requires_grad=True),),
    ]
