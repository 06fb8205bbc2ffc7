"""`for i in range(n)` where n is a tensor: the number of rounds is data."""
import torch

EXPECT = "graph"


def repeat_tanh(x, n):
    for i in range(n):
        x = torch.tanh(x + i)
    return x


def make():
    def call(n):
        return torch.tensor([0.1, -0.4], requires_grad=True), torch.tensor(n)

    return repeat_tanh, [call(3), call(0), call(1), call(6)]
