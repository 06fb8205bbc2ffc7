"""for over a tensor's rows with continue, zip and enumerate."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 3

def scan_rows(xs, ws):
    best = None
    where = -1
    total = torch.zeros(xs.shape[1])
    for i, (x, w) in enumerate(zip(xs, ws)):
        if w <= 0:
            continue
        total = total + w * x
        score = x.sum() * w
        if best is None or score > best:
            best = score
            where = i
    return total, best, where

def make():
    torch.manual_seed(0)
    return scan_rows, [(torch.randn(4, 2, requires_grad=True), torch.tensor(w)) for w in ([1.0, 2.0, -1.0, 0.5], [-1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 3.0])] + [
        (torch.randn(6, 2), torch.randn(6)), (torch.randn(3, 2), torch.randn(3))]
