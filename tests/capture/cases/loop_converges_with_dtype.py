"""The accumulator is an integer tensor first and a float tensor after the first round."""
import torch

EXPECT = "graph"


def harmonic(limit):
    total = torch.tensor(0)
    n = 1
    while total < limit:
        total = total + 1.0 / n
        n += 1
    return total + 0.0, n


def make():
    return harmonic, [(torch.tensor(0.0),), (torch.tensor(1.2),), (torch.tensor(2.5),)]
