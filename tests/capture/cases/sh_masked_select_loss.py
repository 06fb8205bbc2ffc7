"""Loss on the valid entries only, nothing valid gives zero."""
import torch
import torch.nn.functional as F
EXPECT = "graph"
MAX_GRAPHS = 2

def masked_loss(logits, targets, ignore=-1):
    valid = targets != ignore
    if valid.sum() == 0:
        return logits.sum() * 0, 0
    picked = logits[valid]
    loss = F.cross_entropy(picked, targets[valid])
    correct = (picked.argmax(-1) == targets[valid]).sum().item()
    return loss, correct / picked.shape[0]

def make():
    torch.manual_seed(0)
    z = torch.randn(4, 3, requires_grad=True)
    return masked_loss, [(z, torch.tensor(t)) for t in ([0, 1, 2, 1], [0, -1, -1, 2], [-1, -1, -1, -1], [2, 2, -1, 0])] + [(torch.randn(2, 6, 3, requires_grad=True), torch.tensor([[0, 1, 2, -1, -1, 1], [0, 0, -1, -1, -1, -1]]))]
