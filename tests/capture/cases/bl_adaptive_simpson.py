"""Adaptive quadrature: recursive splitting where the estimate is rough."""
import torch
EXPECT = "graph"

def simpson(f, a, b):
    m = (a + b) / 2
    return (b - a) / 6 * (f(a) + 4 * f(m) + f(b))

def adaptive(f, a, b, tol, depth=0):
    whole = simpson(f, a, b)
    m = (a + b) / 2
    left, right = simpson(f, a, m), simpson(f, m, b)
    if depth >= 5 or (left + right - whole).abs() < 15 * tol:
        return left + right
    return adaptive(f, a, m, tol / 2, depth + 1) + adaptive(f, m, b, tol / 2, depth + 1)

def program(a, b, k):
    return adaptive(lambda x: torch.exp(-k * x * x), a, b, 1e-3)

def make():
    t = torch.tensor
    return program, [(t(0.), t(1.), t(1.)), (t(-3.), t(3.), t(8.)), (t(0.), t(.1), t(1.)), (t(-1.), t(4.), t(20.))]
