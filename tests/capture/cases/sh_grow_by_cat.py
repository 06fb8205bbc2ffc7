"""A frontier that grows by cat until it is big enough; number of rounds decided by values."""
import torch
EXPECT = "graph"

def grow(seed, target):
    pts = seed
    while pts.sum() < target and pts.shape[0] < 20:
        nxt = pts[-1:] * 1.5
        pts = torch.cat([pts, nxt])
    return pts, pts.shape[0]

def make():
    return grow, [(torch.tensor([v], requires_grad=True), torch.tensor(t)) for v, t in ((1.0, 0.5), (1.0, 10.0), (2.0, 100.0), (0.1, 1.0))]
