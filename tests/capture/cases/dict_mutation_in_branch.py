"""A dict is updated, extended by a key and popped inside branches."""

import torch

EXPECT = "graph"


def metrics(x, y):
    out = {"error": (x - y).abs().mean(), "note": "raw"}
    if out["error"] > 1:
        out["error"] = out["error"].log()
        out.update(scale=x.abs().max())
        out["note"] = "logged"
    else:
        out.setdefault("scale", y.abs().max())
    out["total"] = out["error"] * out.pop("scale")
    return out


def make():
    y = torch.tensor([0.5, 0.25])
    return metrics, [
        (torch.tensor([0.2, 0.3], requires_grad=True), y),
        (torch.tensor([5.2, 7.3], requires_grad=True), y),
        (torch.tensor([0.9, 0.1], requires_grad=True), y),
    ]
