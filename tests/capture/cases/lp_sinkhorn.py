"""Sinkhorn normalisation until the rows sum to one."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class Sinkhorn(nn.Module):
    def __init__(self, tol=1e-3, max_iter=30):
        super().__init__()
        self.tol, self.max_iter = tol, max_iter
        self.register_buffer("iterations", torch.zeros((), dtype=torch.long))

    def forward(self, log_p, verbose=True):
        for i in range(self.max_iter):
            log_p = log_p - log_p.logsumexp(dim=1, keepdim=True)
            log_p = log_p - log_p.logsumexp(dim=0, keepdim=True)
            err = (log_p.exp().sum(dim=1) - 1).abs().max()
            self.iterations += 1
            if err < self.tol:
                if verbose:
                    print(f"converged after {i + 1} iterations")
                break
        return log_p.exp()

def make():
    torch.manual_seed(0)
    return Sinkhorn(), [(torch.randn(3, 3) * s,) for s in (0.0, 1.0, 5.0)] + [(torch.randn(4, 4, requires_grad=True),), (torch.randn(4, 4), False)]
