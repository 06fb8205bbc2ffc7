"""A generator of sliding windows, stopped early by the consumer."""
import torch
EXPECT = "graph"

def windows(x, size):
    for i in range(len(x) - size + 1):
        yield i, x[i : i + size]

def first_peak(x, size=3):
    for i, w in windows(x, size):
        if w[1] > w[0] and w[1] > w[2]:
            return i + 1, w[1]
    return None, x.max()

def make():
    return first_peak, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 3.0, 2.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 6.0, 1.0], [0.0, 1.0, 0.0, 1.0, 0.0])]
