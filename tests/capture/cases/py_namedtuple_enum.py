"""NamedTuple results, an Enum as status, default dict of counts."""
import enum
from collections import defaultdict
from typing import NamedTuple
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

class Status(enum.Enum):
    OK = 1
    SATURATED = 2
    DEAD = 3

class Report(NamedTuple):
    status: Status
    value: torch.Tensor
    frac: float

def inspect(act):
    frac = (act == 0).float().mean().item()
    if frac > 0.9:
        return Report(Status.DEAD, act.sum(), frac)
    if (act.abs() > 0.99).float().mean() > 0.5:
        return Report(Status.SATURATED, act.abs().mean(), frac)
    return Report(Status.OK, act.mean(), frac)

def inspect_all(acts):
    counts = defaultdict(int)
    out = []
    for a in acts:
        r = inspect(a)
        counts[r.status.name] += 1
        out.append(r.value)
    return torch.stack(out), dict(counts)

def make():
    dead, sat, ok = torch.zeros(4), torch.ones(4), torch.tensor([0.1, 0.2, -0.3, 0.4])
    return inspect_all, [([ok, ok],), ([dead, sat],), ([sat, ok],), ([dead, dead],)]
