"""Backtracking line search: while ... else, nested in a descent loop."""
import torch
EXPECT = "graph"

def f(x):
    return ((x - 1) ** 2).sum() + 0.1 * (x ** 4).sum()

def descend(x, steps=3):
    losses = []
    for _ in range(steps):
        g = 2 * (x - 1) + 0.4 * x ** 3
        fx = f(x)
        t = 1.0
        while t > 1e-3:
            if f(x - t * g) <= fx - 0.5 * t * (g * g).sum():
                break
            t *= 0.5
        else:
            print("line search failed")
            break
        x = x - t * g
        losses.append(f(x))
    return x, losses

def make():
    return descend, [(torch.tensor(v),) for v in ([3.0, -2.0], [0.0, 0.0], [40.0, 1.0], [1.0, 2.0])]
