"""Statistics in a dict, keys made on demand."""
import torch
EXPECT = "any"  # not in one graph yet

def make():
    stats = {"n": 0}

    def log(x, tag):
        stats["n"] += 1
        stats.setdefault(tag, []).append(float(x.mean()))
        if x.max() > 1:
            stats[f"{tag}/overflow"] = stats.get(f"{tag}/overflow", 0) + 1
            x = x.clamp(max=1)
        else:
            stats.pop(f"{tag}/overflow", None)
        return x

    return log, [(torch.tensor([0.5, 0.2]), "a"), (torch.tensor([1.5, 0.2]), "a"), (torch.tensor([2.5, 0.2]), "b"),
                 (torch.tensor([0.1, 0.2]), "a"), (torch.tensor([0.1, 3.2]), "b")]

def state(program):
    return program.__closure__[0].cell_contents
