"""`unique` with counts: the entropy of a label distribution, and the number of classes."""
import torch

EXPECT = "graph"


def entropy(labels):
    values, counts = labels.unique(return_counts=True)
    p = counts.float() / labels.numel()
    result = -(p * p.log()).sum()
    if len(values) == 1:
        result = result * 0.0
    return result, values.max()


def make():
    return entropy, [(torch.tensor(v),) for v in ([1, 1, 2, 2], [3, 3, 3, 3], [0, 1, 2, 3], [5, 5, 5, 4])]
