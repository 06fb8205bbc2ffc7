"""Every return gives the same structure, a dict with a tensor, a number and a flag, from another place."""

import torch

EXPECT = "graph"


def diagnose(logits):
    probabilities = logits.softmax(-1)
    if logits.isinf().any():
        return {"loss": logits.new_zeros(()), "skipped": 1, "ok": False}
    entropy = -(probabilities * probabilities.log()).sum()
    if entropy < 0.5:
        return {"loss": entropy * 0.1, "skipped": 0, "ok": True}
    return {"loss": entropy, "skipped": 0, "ok": True}


def make():
    return diagnose, [
        (torch.tensor([1.0, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 9.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, float("inf"), 0.5], requires_grad=True),),
    ]
