"""A user's context manager and try/finally around a tensor decision."""
import contextlib
import torch
EXPECT = "any"  # not in one graph yet
log = []

@contextlib.contextmanager
def section(name):
    log.append(f"enter {name}")
    try:
        yield len(log)
    finally:
        log.append(f"exit {name}")

def solve(a, b):
    with section("solve") as n:
        det = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
        if det.abs() < 1e-6:
            raise ZeroDivisionError("singular")
        inv = torch.stack([torch.stack([a[1, 1], -a[0, 1]]), torch.stack([-a[1, 0], a[0, 0]])]) / det
        return inv @ b

def safe_solve(a, b):
    try:
        return solve(a, b)
    except ZeroDivisionError as e:
        print("caught:", e)
        return torch.zeros_like(b)

def make():
    T = torch.tensor
    b = T([1.0, 2.0], requires_grad=True)
    return safe_solve, [(T(m), b) for m in ([[1.0, 0.0], [0.0, 2.0]], [[1.0, 2.0], [2.0, 4.0]], [[3.0, 1.0], [1.0, 2.0]])]

def state(program):
    return list(program.__globals__["log"])
