"""Objects with `__slots__`, linked on the way: which there are a tensor decides."""
import torch
EXPECT = "graph"

class Link:
    __slots__ = ("prev", "value")

    def __init__(self, value, prev):
        self.value, self.prev = value, prev

def program(xs):
    head = Link(xs[0] * 2, None)
    if xs[1] > 0.5:
        head = Link(xs[1], head)
    else:
        head.value = head.value + 1
    total, node = torch.zeros(()), head
    while node is not None:
        total = total + node.value
        node = node.prev
    return total, head.value

def make():
    return program, [(torch.tensor(v),) for v in ([1.0, 2.0], [1.0, 0.0], [-3.0, 0.7])]
