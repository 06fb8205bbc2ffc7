"""`for/else`: fall back to the mean when no entry passes the threshold."""
import torch

EXPECT = "graph"


def first_above(x, threshold):
    for value in x:
        if value > threshold:
            found = value * 2.0
            break
    else:
        found = x.mean()
    return found


def make():
    def call(threshold):
        return torch.tensor([0.3, 0.9, 1.7, 2.4], requires_grad=True), torch.tensor(threshold)

    return first_above, [call(0.0), call(1.0), call(2.0), call(3.0)]
