"""A stack machine on a tensor: push, add and multiply move a stack pointer that is data."""
import torch

EXPECT = "graph"
ADD, MUL = -1, -2


def evaluate(tokens, values):
    stack = torch.zeros(6)
    top = torch.tensor(0)
    for i in range(len(tokens)):
        token = tokens[i]
        if token == ADD:
            stack[top - 2] += stack[top - 1]
            top = top - 1
        elif token == MUL:
            a, b = stack[top - 2].clone(), stack[top - 1].clone()
            stack[top - 2] = a * b
            top = top - 1
        else:
            stack[top] = values[token]
            top = top + 1
    return stack[0], top


def make():
    def call(*tokens):
        return torch.tensor(tokens), torch.tensor([2.0, 3.0, 4.0], requires_grad=True)

    return evaluate, [call(0, 1, ADD, 2, MUL), call(0, 1, 2, MUL, ADD), call(0, 1, 2, 0, 1)]
