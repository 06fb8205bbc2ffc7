"""Newton's square root with tolerance and a limit of rounds."""
import torch
EXPECT = "graph"

def newton_sqrt(a, tol=1e-5, max_iter=50):
    x = a.clone() if a > 1 else torch.ones_like(a)
    n = 0
    while True:
        nxt = 0.5 * (x + a / x)
        n += 1
        if (nxt - x).abs() < tol or n >= max_iter:
            break
        x = nxt
    return nxt, n

def make():
    return newton_sqrt, [(torch.tensor(v, requires_grad=True),) for v in (4.0, 2.0, 0.25, 1e6)]
