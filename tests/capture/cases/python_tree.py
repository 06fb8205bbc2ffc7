"""Recursion over a tree of Python objects whose nodes decide on tensors; the tree is an argument."""

import torch
from torch import nn

EXPECT = "any"


class Node:
    def __init__(self, value, *children):
        self.value = torch.tensor(value)
        self.children = children


class TreeSum(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(2, 2)

    def forward(self, node):
        total = node.value
        for child in node.children:
            total = total + self.forward(child)
        if total.norm() > 2:
            total = total / total.norm()
        return self.cell(total).tanh()


def make():
    leaf, heavy = Node([0.1, 0.2]), Node([3.0, -2.0])
    return TreeSum(), [
        (leaf,),
        (Node([1.0, 0.0], leaf, heavy),),
        (Node([0.0, 0.5], Node([0.3, 0.3], heavy), leaf, Node([0.2, 0.1])),),
    ]
