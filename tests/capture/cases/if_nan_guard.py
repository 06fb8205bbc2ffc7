"""Refuse NaN input with ValueError, warn about big values, else normalise."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def check_and_normalize(x, *, name="input"):
    if torch.isnan(x).any():
        raise ValueError(f"{name} contains NaN")
    peak = x.abs().max()
    if peak > 100:
        print(f"warning: {name} is large: {peak.item():.1f}")
        x = x / peak
    if not (x != 0).any():
        return x
    return (x - x.mean()) / (x.std() + 1e-6)

def make():
    return check_and_normalize, [(torch.tensor([1.0, 2.0, 3.0]),), (torch.tensor([1.0, float("nan")]),),
        (torch.tensor([200.0, 400.0, 1.0]),), (torch.zeros(3),), (torch.tensor([4.0, 2.0, 3.0, 9.0]),)]
