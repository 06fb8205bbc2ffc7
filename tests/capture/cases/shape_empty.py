"""Empty tensors: a selection may have no entries, and a loop over them no rounds."""
import torch

EXPECT = "graph"


def total(x, limit):
    kept = x[x < limit]
    result = torch.zeros(())
    for value in kept:
        if value > 0:
            result = result + value
        else:
            result = result - 0.5 * value
    return result


def make():
    def call(limit):
        return torch.tensor([1.0, -2.0, 3.0], requires_grad=True), torch.tensor(limit)

    return total, [call(10.0), call(-5.0), call(0.0), call(2.0)]
