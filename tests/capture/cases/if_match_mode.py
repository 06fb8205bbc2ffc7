"""match on a string with a tensor guard."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 4

def pool(x, mode):
    match mode:
        case "max":
            return x.max(dim=1).values
        case "mean" if x.abs().max() > 10:
            return x.clamp(-10, 10).mean(dim=1)
        case "mean":
            return x.mean(dim=1)
        case ("lp", p):
            return x.abs().pow(p).sum(dim=1).pow(1 / p)
        case _:
            raise NotImplementedError(f"unknown pooling: {mode!r}")

def make():
    x = torch.randn(3, 4, requires_grad=True)
    return pool, [(x, "max"), (x, "mean"), (x * 100, "mean"), (x, ("lp", 2)), (x, "median")]
