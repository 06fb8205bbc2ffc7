"""A small object with a tensor stack; push and pop decided by values."""
import torch
EXPECT = "graph"

class Stack:
    def __init__(self):
        self.items = []

    def push(self, v):
        self.items.append(v)

    def pop(self):
        if not self.items:
            raise IndexError("pop from empty stack")
        return self.items.pop()

def evaluate(ops, values):
    s = Stack()
    for op, v in zip(ops, values):
        if op == 0:
            s.push(v)
        elif op == 1:
            s.push(s.pop() + s.pop())
        else:
            s.push(s.pop() * v)
    return s.pop(), len(s.items)

def make():
    T = torch.tensor
    v = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    return evaluate, [(T(o), v) for o in ([0, 0, 1, 2], [0, 2, 2, 2], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 1])]
