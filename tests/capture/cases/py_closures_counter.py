"""Closures with nonlocal, a lambda and functools.partial."""
from functools import partial
import torch
from tests.capture.cases import Call
EXPECT = "graph"
MAX_GRAPHS = 2

def make_clipper(limit):
    calls = 0
    clipped = 0

    def clip(x, hook=None):
        nonlocal calls, clipped
        calls += 1
        if x.abs().max() > limit:
            clipped += 1
            x = x.clamp(-limit, limit)
            if hook is not None:
                x = hook(x)
        return x, clipped / calls

    return clip

def make():
    clip = make_clipper(2.0)
    f = partial(clip, hook=lambda t: t * 0.5)
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [3.0, 1.0], [0.0, 0.0], [-9.0, 1.0], [1.0, 1.5])] + [Call((torch.tensor([3.0, -4.0]),), {"hook": None})]

def state(program):
    return [c.cell_contents for c in program.func.__closure__]
