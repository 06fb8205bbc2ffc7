"""A Python list used as a stack, pushed and popped by tensor decisions."""
import torch

EXPECT = "any"


def evaluate(tokens):
    stack = []
    for token in tokens:
        if token == -1:
            b, a = stack.pop(), stack.pop()
            stack.append(a + b)
        elif token == -2:
            b, a = stack.pop(), stack.pop()
            stack.append(a * b)
        else:
            stack.append(token)
    return stack[-1], len(stack)


def make():
    return evaluate, [
        (torch.tensor([2, 3, -1, 4, -2]),),
        (torch.tensor([2, 3, 4, -1, -2]),),
        (torch.tensor([2, 3, 4, 5, -2]),),
    ]
