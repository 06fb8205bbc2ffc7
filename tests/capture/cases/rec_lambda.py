"""A recursive lambda bound to a module-level name."""
import torch

EXPECT = "graph"

root = lambda x, guess: guess if (guess * guess - x).abs() < 1e-3 else root(x, (guess + x / guess) / 2)


def make():
    def call(x, guess):
        return torch.tensor(x, requires_grad=True), torch.tensor(guess, requires_grad=True)

    return root, [call(4.0, 2.0), call(2.0, 1.4), call(81.0, 1.0)]
