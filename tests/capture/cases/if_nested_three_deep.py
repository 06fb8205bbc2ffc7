"""A triage of signals: three levels of tensor decisions inside each other, with work between them."""

import torch

EXPECT = "graph"


def triage(signal):
    level = signal.mean()
    if level > 0:
        centred = signal - level
        if centred.std() > 1:
            if centred.max() > centred.min().neg():
                out = centred.clamp(max=1.0)
            else:
                out = centred.clamp(min=-1.0)
            out = out * 2
        else:
            out = centred.sin()
    else:
        if signal.max() > 0:
            out = signal.relu()
        else:
            out = -signal
        out = out + level
    return out.cumsum(0)


def make():
    return triage, [
        (torch.tensor([5.0, 0.1, 0.2, 0.3], requires_grad=True),),
        (torch.tensor([-3.0, 4.0, 4.1, 3.9], requires_grad=True),),
        (torch.tensor([1.0, 1.1, 0.9, 1.2], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, 0.5, 0.4], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -0.5, -0.4], requires_grad=True),),
    ]
