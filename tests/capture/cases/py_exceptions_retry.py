"""Custom exception with attributes, retry loop with more jitter, else and finally."""
import torch
EXPECT = "any"  # not in one graph yet

class NotPositiveDefinite(Exception):
    def __init__(self, minor):
        super().__init__(f"minor {minor} is not positive")
        self.minor = minor

def cholesky(a):
    n = a.shape[0]
    L = torch.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j] - (L[i, :j] * L[j, :j]).sum()
            if i == j:
                if s <= 0:
                    raise NotPositiveDefinite(i + 1)
                L[i, j] = s.sqrt()
            else:
                L[i, j] = s / L[j, j]
    return L

def robust_cholesky(a, tries=3):
    jitter = 0.0
    for k in range(tries):
        try:
            L = cholesky(a + jitter * torch.eye(a.shape[0]))
        except NotPositiveDefinite as e:
            print(f"attempt {k}: {e}")
            jitter = 10.0 ** (k - 2)
        else:
            return L, k
    raise ValueError("giving up")

def make():
    T = torch.tensor
    return robust_cholesky, [(T(m),) for m in ([[2.0, 1.0], [1.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]])]
