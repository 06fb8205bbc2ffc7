"""A list filled by a Python loop has a fixed length; a tensor decides only what is appended."""
import torch

EXPECT = "graph"


def leaky_layers(x):
    outputs = []
    for k in range(3):
        x = x * 1.5 - k
        if x.mean() > 0:
            outputs.append(x)
        else:
            outputs.append(0.1 * x)
    return outputs


def make():
    return leaky_layers, [
        (torch.tensor([3.0, 1.0], requires_grad=True),),
        (torch.tensor([-3.0, 1.0], requires_grad=True),),
        (torch.tensor([0.5, 0.7], requires_grad=True),),
    ]
