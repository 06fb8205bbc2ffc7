"""A tensor is padded in a loop until its length, a Python number, fits; a tensor decides on the padding value."""
import torch
import torch.nn.functional as F

EXPECT = "graph"


def pad_to_eight(x):
    while x.shape[0] < 8:
        missing = 8 - x.shape[0]
        if x[-1] > 0:
            x = F.pad(x, (0, min(missing, 2)), value=1.0)
        else:
            x = F.pad(x, (min(missing, 2), 0))
    return x.reshape(2, 4).sum(0)


def make():
    return pad_to_eight, [
        (torch.tensor([1.0, 2.0, 3.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, -3.0], requires_grad=True),),
        (torch.tensor([1.0, -2.0, 0.0], requires_grad=True),),
    ]
