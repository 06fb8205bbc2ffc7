"""Power iteration until the direction stops moving."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 3

def power_iteration(A, tol=1e-4, max_steps=200):
    v = torch.ones(A.shape[0]) / A.shape[0] ** 0.5
    eig = torch.tensor(0.0)
    for step in range(max_steps):
        w = A @ v
        w = w / w.norm()
        new = w @ A @ w
        if torch.abs(new - eig) < tol:
            eig = new
            break
        v, eig = w, new
    else:
        raise RuntimeError("power iteration did not converge")
    return eig, w, step

def make():
    torch.manual_seed(0)
    out = []
    for n in (3, 3, 4, 5):
        a = torch.randn(n, n)
        out.append(((a @ a.T).requires_grad_(),))
    out.append((torch.tensor([[0.0, -1.0], [1.0, 0.0]]) * 2 + torch.diag(torch.tensor([3.0, 1.0])), 1e-12, 5))
    return power_iteration, out
