"""`zip` over two tensors, one step a pair, with a branch on which of both is larger."""
import torch

EXPECT = "graph"


def soft_margin(predictions, targets):
    loss = predictions.new_zeros(())
    for p, t in zip(predictions, targets):
        gap = p - t
        if gap > 0:
            loss = loss + gap
        elif gap < -1.0:
            loss = loss + gap ** 2
    return loss / len(predictions)


def make():
    targets = torch.tensor([1.0, 2.0, 3.0])
    return soft_margin, [
        (torch.tensor([1.5, 2.5, 3.5], requires_grad=True), targets),
        (torch.tensor([-1.0, 2.5, 0.5], requires_grad=True), targets),
        (torch.tensor([0.5, 1.5, 2.5], requires_grad=True), targets),
    ]
