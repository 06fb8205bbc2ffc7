"""A string chosen by a tensor is a tag: compared later, used as a key of a dict, and returned."""

import torch

EXPECT = "graph"

SCALES = {"calm": 1.0, "busy": 0.5, "storm": 0.1}


def respond(x):
    energy = x.square().mean()
    if energy < 1:
        mood = "calm"
    elif energy < 10:
        mood = "busy"
    else:
        mood = "storm"
    y = x * SCALES[mood]
    if mood != "calm":
        y = y.tanh()
    return y, mood


def make():
    return respond, [
        (torch.tensor([0.1, 0.5], requires_grad=True),),
        (torch.tensor([2.0, 2.5], requires_grad=True),),
        (torch.tensor([9.0, 2.5], requires_grad=True),),
        (torch.tensor([0.3, -0.5], requires_grad=True),),
    ]
