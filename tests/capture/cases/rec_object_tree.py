"""A tree of Python tuples: the structure is Python's, the values are tensors."""
import torch
from torch import nn

EXPECT = "any"


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(2, 2)

    def forward(self, tree):
        if isinstance(tree, torch.Tensor):
            return tree
        left, right = tree
        a, b = self(left), self(right)
        if a.sum() > b.sum():
            return torch.tanh(self.gate(a - b))
        return a + b


def make():
    torch.manual_seed(0)
    model = Sum()

    def leaf(a, b):
        return torch.tensor([a, b], requires_grad=True)

    return model, [
        (leaf(1.0, 2.0),),
        ((leaf(1.0, 2.0), leaf(3.0, 0.5)),),
        ((leaf(4.0, 2.0), (leaf(3.0, 0.5), leaf(-1.0, 0.5))),),
        (((leaf(4.0, 2.0), leaf(0.0, 0.0)), (leaf(3.0, 0.5), leaf(-1.0, 0.5))),),
    ]
