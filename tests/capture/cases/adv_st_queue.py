"""A deque with maxlen as replay buffer."""

from collections import deque
import torch

EXPECT = "any"


def make():
    buf = deque(maxlen=2)

    def f(x):
        if x.sum() > 0 or not buf:
            buf.append(x.detach())
        return x * torch.stack(list(buf)).mean(0)

    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0], [-8.0, -2.0], [20.0, 4.0], [0.2, 0.5], [-1.0, 0.0], [3.0, 3.0])
    ]
