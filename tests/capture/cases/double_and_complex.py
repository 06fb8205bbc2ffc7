"""Branches in float64 and in complex numbers: dtypes stay what they are."""

import torch

EXPECT = "graph"


def spectrum(x):
    z = torch.fft.rfft(x.double())
    if z.abs().max() > 4:
        z = z / z.abs().max()
    else:
        z = z * 1j
    power = z.real.square() + z.imag.square()
    return power, z.abs().sum().float()


def make():
    return spectrum, [
        (torch.tensor([1.0, 0.0, -1.0, 0.5], requires_grad=True),),
        (torch.tensor([4.0, 1.0, -1.0, 2.5], requires_grad=True),),
        (torch.tensor([0.5, 0.25, 0.25, 0.5], requires_grad=True),),
    ]
