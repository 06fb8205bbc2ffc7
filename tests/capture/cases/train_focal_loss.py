"""Hard example mining: only the samples with a loss above the mean count, all of them if none is."""
import torch
import torch.nn.functional as F

EXPECT = "graph"


def mined_loss(logits, targets, gamma):
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    hard = losses > losses.mean()
    if hard.any():
        focus = (1 - torch.exp(-losses[hard])) ** gamma
        return (focus * losses[hard]).mean()
    return losses.mean()


def make():
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0])
    gamma = torch.tensor(2.0)
    return mined_loss, [
        (torch.tensor([2.0, -1.0, -0.5, 1.0], requires_grad=True), targets, gamma),
        (torch.zeros(4, requires_grad=True), targets, gamma),
        (torch.tensor([9.0, 9.0, 9.0, -9.0], requires_grad=True), targets, gamma),
    ]
