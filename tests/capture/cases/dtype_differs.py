"""An integer tensor on one side, a float tensor on the other; the next operation makes both float."""

import torch

EXPECT = "graph"


def votes(scores, threshold):
    if threshold > 0.5:
        weights = (scores > threshold).long()
    else:
        weights = scores.sigmoid()
    return (weights * scores).sum() / 2.0


def make():
    scores = torch.tensor([0.1, 0.7, 0.9, -0.3], requires_grad=True)
    return votes, [
        (scores, torch.tensor(0.6)),
        (scores, torch.tensor(0.2)),
        (scores, torch.tensor(0.8)),
    ]
