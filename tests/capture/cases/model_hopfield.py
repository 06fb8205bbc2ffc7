"""A Hopfield network updated in place, one unit at a time, until nothing flips."""
import torch

EXPECT = "graph"


def recall(pattern, probe):
    n = len(pattern)
    weights = torch.outer(pattern, pattern) - torch.eye(n)
    probe = probe.clone()
    changed = True
    sweeps = 0
    while changed:
        changed = False
        for i in range(n):
            new = torch.where(weights[i] @ probe >= 0, 1.0, -1.0)
            if new != probe[i]:
                probe[i] = new
                changed = True
        sweeps += 1
    return probe, sweeps


def make():
    pattern = torch.tensor([1.0, -1.0, 1.0, 1.0])
    return recall, [
        (pattern.clone(), pattern.clone()),
        (pattern.clone(), torch.tensor([-1.0, -1.0, 1.0, 1.0])),
        (pattern.clone(), torch.tensor([-1.0, 1.0, -1.0, 1.0])),
    ]
