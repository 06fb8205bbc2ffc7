"""Cross entropy with label smoothing that is used only while the model is over-confident."""
import torch
import torch.nn.functional as F

EXPECT = "graph"


def smoothed_loss(logits, labels):
    log_probs = F.log_softmax(logits, dim=-1)
    confidence = log_probs.exp().max(dim=-1).values.mean()
    eps = 0.1 if confidence > 0.8 else 0.0
    nll = -log_probs.gather(1, labels.unsqueeze(1)).mean()
    return (1 - eps) * nll - eps * log_probs.mean(), eps


def make():
    labels = torch.tensor([0, 2])
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.5, 0.0, 1.5]])
    return smoothed_loss, [
        (logits.clone().requires_grad_(), labels),
        ((logits * 5.0).requires_grad_(), labels),
        ((logits * -5.0).requires_grad_(), labels),
        (torch.zeros(2, 3, requires_grad=True), labels),
    ]
