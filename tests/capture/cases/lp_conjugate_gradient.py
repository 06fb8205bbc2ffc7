"""Conjugate gradient with early stop and residual history."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def cg(A, b, tol=1e-4):
    x = torch.zeros_like(b)
    r = b - A @ x
    p = r.clone()
    rs = r @ r
    history = []
    for i in range(b.numel() * 2):
        if rs.sqrt() < tol:
            break
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        rs_new = r @ r
        history.append(rs_new.sqrt())
        p = r + (rs_new / rs) * p
        rs = rs_new
    return x, torch.stack(history) if history else torch.empty(0)

def make():
    torch.manual_seed(0)
    calls = []
    for n in (3, 4, 5):
        m = torch.randn(n, n)
        calls.append(((m @ m.T + torch.eye(n)), torch.randn(n)))
    calls.append((torch.eye(3), torch.randn(3)))
    calls.append((torch.eye(3), torch.zeros(3)))
    return cg, calls
