"""copy.copy and deepcopy of objects and tensors changed in branches."""

import copy
import torch

EXPECT = "graph"


class Node:
    def __init__(self, v):
        self.v = v
        self.kids = []


def f(x):
    n = Node(x * 2)
    if x.sum() > 0:
        n.kids.append(x)
    m = copy.copy(n)
    k = copy.copy(n.kids)
    m.v = m.v + 1
    if x[0] > 1:
        m.kids.append(x * 3)
    return n.v, m.v, len(n.kids), len(m.kids), len(k), m.kids is n.kids


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
