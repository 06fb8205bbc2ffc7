"""Pad to a multiple of a block and reshape; a Python if on the size."""
import torch
import torch.nn.functional as F
EXPECT = "graph"
MAX_GRAPHS = 4

def block_softmax(x, block=4):
    b, n = x.shape
    pad = (-n) % block
    if pad:
        x = F.pad(x, (0, pad), value=float("-inf"))
    y = x.view(b, -1, block).softmax(-1).view(b, -1)
    if y.max() > 0.95:
        print("peaky", tuple(y.shape))
    return y[:, :n]

def make():
    torch.manual_seed(0)
    return block_softmax, [(torch.randn(2, 8) * s,) for s in (0.1, 9.0, 1.0)] + [(torch.randn(2, 6),), (torch.randn(3, 9),), (torch.randn(1, 12),)]
