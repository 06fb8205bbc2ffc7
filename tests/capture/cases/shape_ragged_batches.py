"""A list of tensors of different lengths is reduced one by one, each until it is small."""
import torch

EXPECT = "any"


def reduce_all(parts):
    totals = []
    for part in parts:
        if len(part) == 0:
            continue
        while part.abs().max() > 1.0:
            part = part / 2
        totals.append(part.sum())
    return torch.stack(totals) if totals else torch.zeros(0)


def make():
    def parts(*lists):
        return ([torch.tensor(values, requires_grad=True) for values in lists],)

    return reduce_all, [parts([1.0, 2.0], [3.0]), parts([], [5.0, 1.0, 0.5]), parts([]), parts([0.5, 0.25], [0.75])]
