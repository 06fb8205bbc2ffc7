"""Dropout inside a tensor-decided loop draws a new mask each round."""
import torch
import torch.nn.functional as F

EXPECT = "graph"


def noisy_refine(x, w):
    rounds = 0
    while x.norm() < 4.0 and rounds < 6:
        x = F.dropout(x + w, p=0.5, training=True)
        rounds += 1
    return x, rounds


def make():
    def call(*x):
        return torch.tensor(x, requires_grad=True), torch.tensor([0.5, 0.25, 1.0], requires_grad=True)

    return noisy_refine, [call(5.0, 0.0, 0.0), call(0.1, 0.2, 0.3), call(2.0, 1.0, 1.0)]
