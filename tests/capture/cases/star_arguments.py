"""`*args` and `**kwargs` passed through, counted, and unpacked again in a call."""

import torch

from tests.capture.cases import Call

EXPECT = "any"  # not in one graph yet


def combine(first, *rest, scale=1.0, **named):
    total = first
    for tensor in rest:
        if tensor.sum() > 0:
            total = total + tensor
    for name, tensor in sorted(named.items()):
        total = total * tensor if tensor.min() > 0 else total - len(name)
    return total * scale


def forward_all(*args, **kwargs):
    kwargs.setdefault("scale", 2.0)
    return combine(*args[::-1], **kwargs)


def make():
    def call(a, b, c, gain):
        tensors = [torch.tensor(v, requires_grad=True) for v in (a, b, c)]
        return Call(tuple(tensors), {"gain": torch.tensor(gain, requires_grad=True)})

    return forward_all, [
        call([1.0, 2.0], [3.0, -1.0], [0.5, 0.5], [1.0, 2.0]),
        call([-1.0, -2.0], [3.0, -1.0], [0.5, 0.5], [-1.0, 2.0]),
        call([1.0, 2.0], [-3.0, -1.0], [0.5, -0.5], [1.0, 2.0]),
    ]
