"""A shift-reduce parser with a Python stack and transitions predicted by a network."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class Parser(nn.Module):
    def __init__(self, d=3):
        super().__init__()
        self.compose = nn.Linear(2 * d, d)
        self.decide = nn.Linear(2 * d, 1)

    def forward(self, words):
        buffer = list(words)
        stack = []
        trace = []
        while buffer or len(stack) > 1:
            if len(stack) < 2:
                reduce = False
            elif not buffer:
                reduce = True
            else:
                reduce = self.decide(torch.cat(stack[-2:])) > 0
            if reduce:
                right, left = stack.pop(), stack.pop()
                stack.append(self.compose(torch.cat([left, right])).tanh())
                trace.append("R")
            else:
                stack.append(buffer.pop(0))
                trace.append("S")
        return stack[0], len(trace)


def make():
    torch.manual_seed(2)
    return Parser(), [(torch.randn(3, 3) * s,) for s in (1.0, -1.0, 4.0, -4.0)]
