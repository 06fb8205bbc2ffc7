"""Lists, tuples and dicts of numbers that only the graph knows, printed and put into texts."""

import torch

EXPECT = "graph"


def program(x):
    best = [int(v) for v in x.topk(2).indices]
    print(best, ("sum", x.sum().item()), {"mean": x.mean().item(), 3: [], "one": (best[0],)})
    if x.sum() > 0:
        print(f"positive {best} and {[x.detach(), None, 'text']!r}")
    text = str([best[0], x[0].item() > 0])
    if x.min() < -5:
        raise ValueError(f"too small: {best}")
    return text, best


def make():
    return program, [
        (torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.5, -3.0], [-1.0, 0.25, 2.0], [-7.0, 1.0, 2.0])
    ]
