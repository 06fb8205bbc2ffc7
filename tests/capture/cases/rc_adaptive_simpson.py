"""Adaptive Simpson quadrature: recursion until the error is small."""
import torch
EXPECT = "graph"

def integrand(x):
    return torch.exp(-x * x) * torch.sin(3 * x)

def simpson(a, b):
    return (b - a) / 6 * (integrand(a) + 4 * integrand((a + b) / 2) + integrand(b))

def adaptive(a, b, eps, whole, depth):
    m = (a + b) / 2
    left, right = simpson(a, m), simpson(m, b)
    delta = left + right - whole
    if depth <= 0 or delta.abs() <= 15 * eps:
        return left + right + delta / 15
    return adaptive(a, m, eps / 2, left, depth - 1) + adaptive(m, b, eps / 2, right, depth - 1)

def integrate(a, b, eps=1e-3):
    return adaptive(a, b, eps, simpson(a, b), 6)

def make():
    return integrate, [(torch.tensor(0.0), torch.tensor(v, requires_grad=True)) for v in (0.1, 1.0, 3.0, 6.0)]
