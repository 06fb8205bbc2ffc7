"""Clip a vector by its norm, tell the caller whether it happened."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 4

def clip(x, limit=1.0):
    norm = x.norm()
    clipped = False
    if norm > limit:
        x = x * (limit / norm)
        clipped = True
        print("clipped")
    return x, clipped

def make():
    return clip, [(torch.tensor([3.0, 4.0], requires_grad=True),), (torch.tensor([0.1, 0.2], requires_grad=True),),
                  (torch.randn(7),), (torch.randn(5) * 0.01,), (torch.zeros(3), 2.0)]
