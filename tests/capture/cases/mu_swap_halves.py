"""Views written through: swap halves in place when they are out of order, then sort network."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def order_(x):
    n = x.shape[0] // 2
    a, b = x[:n], x[n:]
    if a.sum() > b.sum():
        tmp = a.clone()
        a.copy_(b)
        b.copy_(tmp)
    for i in range(x.shape[0] - 1):
        if x[i] > x[i + 1]:
            x[i], x[i + 1] = x[i + 1].clone(), x[i].clone()
    return x.view(2, -1)

def make():
    return order_, [(torch.tensor(v),) for v in ([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [9.0, 0.0, 1.0, 2.0], [1.0, 5.0, 2.0, 2.0, 0.0, 3.0])]
