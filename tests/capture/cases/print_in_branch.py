"""Lines are printed in branches, some with numbers from tensors: same lines, same order, on every path."""

import torch

EXPECT = "any"


def noisy(x):
    print("start", tuple(x.shape))
    if x.sum() > 0:
        print(f"positive: {x.sum().item():.1f}")
        y = x * 2
    else:
        print("negative", x.tolist())
        y = x - 1
    print("end")
    return y


def make():
    return noisy, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([4.0, -2.0], requires_grad=True),),
    ]
