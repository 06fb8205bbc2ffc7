"""Shift-reduce parser: the net picks the action, a Python stack holds vectors."""
import torch
from torch import nn
EXPECT = "any"  # not in one graph yet

class Parser(nn.Module):
    SHIFT, REDUCE = 0, 1

    def __init__(self, dim=4):
        super().__init__()
        self.compose = nn.Linear(2 * dim, dim)
        self.action = nn.Linear(3 * dim, 2)
        self.empty = nn.Parameter(torch.zeros(dim))

    def forward(self, words):
        buffer = list(words.flip(0).unbind(0))
        stack, actions = [], []
        while buffer or len(stack) > 1:
            s1 = stack[-1] if len(stack) > 0 else self.empty
            s2 = stack[-2] if len(stack) > 1 else self.empty
            b = buffer[-1] if buffer else self.empty
            scores = self.action(torch.cat([s1, s2, b]))
            if len(stack) < 2:
                act = self.SHIFT
            elif not buffer:
                act = self.REDUCE
            else:
                act = int(scores.argmax())
            actions.append(act)
            if act == self.SHIFT:
                stack.append(buffer.pop())
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(torch.tanh(self.compose(torch.cat([left, right]))))
        return stack[0], actions

def make():
    torch.manual_seed(0)
    return Parser(), [(torch.randn(3, 4) * s,) for s in (1.0, 5.0, 0.5)] + [(torch.randn(4, 4),)]
