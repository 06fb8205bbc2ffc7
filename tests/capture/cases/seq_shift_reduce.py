"""A shift-reduce parser: actions (data) merge the two top states of a Python stack with a linear layer."""
import torch
from torch import nn

EXPECT = "any"


class ShiftReduce(nn.Module):
    def __init__(self):
        super().__init__()
        self.merge = nn.Linear(6, 3)

    def forward(self, words, actions):
        buffer = list(words)
        stack = []
        for action in actions:
            if action == 0:
                stack.append(buffer.pop(0))
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(torch.tanh(self.merge(torch.cat([left, right]))))
        assert len(stack) == 1, f"{len(stack)} trees left"
        return stack[0]


def make():
    torch.manual_seed(0)
    model = ShiftReduce()
    words = torch.randn(3, 3)
    return model, [
        (words, torch.tensor([0, 0, 1, 0, 1])),
        (words, torch.tensor([0, 0, 0, 1, 1])),
        (words, torch.tensor([0, 0, 0, 1, 0])),
        (words, torch.tensor([0, 0, 0, 1])),
    ]
