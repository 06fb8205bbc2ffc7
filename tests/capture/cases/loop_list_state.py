"""The state of the loop is a list of tensors, one per layer, written by index each round."""
import torch

EXPECT = "graph"


def stacked_cells(inputs, limit):
    hidden = [torch.zeros(2), torch.zeros(2), torch.zeros(2)]
    for x in inputs:
        for k in range(len(hidden)):
            x = torch.tanh(x + 0.5 * hidden[k])
            hidden[k] = x
        if hidden[-1].abs().sum() > limit:
            break
    return hidden


def make():
    def call(limit):
        return torch.linspace(0.1, 0.8, 8).reshape(4, 2).requires_grad_(), torch.tensor(limit)

    return stacked_cells, [call(0.01), call(1.0), call(100.0)]
