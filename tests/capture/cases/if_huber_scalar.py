"""Huber loss written with a plain if on a 0-d tensor, early return."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 3

def huber(pred, target, delta=1.0):
    err = (pred - target).abs().mean()
    if err <= delta:
        return 0.5 * err ** 2
    return delta * (err - 0.5 * delta)

def make():
    def t(*v):
        return torch.tensor(v, requires_grad=True)
    return huber, [(t(1.0, 2.0), torch.tensor([1.1, 2.1])), (t(5.0, -3.0), torch.tensor([0.0, 0.0])),
                   (t(0.5, 0.4, 0.3), torch.zeros(3)), (t(0.5, 9.4, 0.3, 0.1), torch.zeros(4), 0.5)]
