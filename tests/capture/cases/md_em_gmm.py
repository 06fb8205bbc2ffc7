"""EM for a one-dimensional Gaussian mixture until the likelihood stops rising."""
import math
import torch
EXPECT = "graph"

class GMM:
    def __init__(self, k=2):
        self.k = k
        self.mu = None

    def log_prob(self, x):
        z = (x[:, None] - self.mu) / self.sigma
        return -0.5 * z ** 2 - self.sigma.log() - 0.5 * math.log(2 * math.pi) + self.pi.log()

    def fit(self, x, max_iter=25, tol=1e-3):
        self.mu = torch.linspace(x.min().item(), x.max().item(), self.k)
        self.sigma = torch.full((self.k,), x.std().item() + 1e-3)
        self.pi = torch.full((self.k,), 1 / self.k)
        prev = -float("inf")
        self.converged = False
        for i in range(max_iter):
            lp = self.log_prob(x)
            ll = lp.logsumexp(1).mean()
            if ll - prev < tol:
                self.converged = True
                break
            prev = ll
            r = (lp - lp.logsumexp(1, keepdim=True)).exp()
            n = r.sum(0)
            self.mu = (r * x[:, None]).sum(0) / n
            self.sigma = ((r * (x[:, None] - self.mu) ** 2).sum(0) / n).sqrt().clamp(min=1e-2)
            self.pi = n / len(x)
        return ll, i

def make():
    torch.manual_seed(0)
    g = GMM()
    return g.fit, [(torch.cat([torch.randn(5) - s, torch.randn(5) + s]),) for s in (0.1, 2.0, 6.0)]

def state(program):
    o = program.__self__
    return [o.mu, o.sigma, o.pi, o.converged] if o.mu is not None else None
