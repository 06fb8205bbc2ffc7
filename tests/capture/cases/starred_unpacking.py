"""Starred unpacking of lists, tuples and tensors, on both sides of an assignment and in displays."""

import torch

EXPECT = "graph"


def shift(rows):
    head, *body, tail = rows
    if head.sum() > tail.sum():
        head, tail = tail, head
        body = [*body[::-1], head * 0]
    else:
        body = [tail * 0, *body]
    first, *others = [head, *body, tail]
    return torch.stack([first + 1, *others])


def make():
    return shift, [
        (torch.arange(8.0).reshape(4, 2).requires_grad_(),),
        (torch.arange(8.0).flip(0).reshape(4, 2).requires_grad_(),),
        (torch.tensor([[1.0, 0.0], [2.0, 3.0], [4.0, 5.0], [0.5, 0.5]], requires_grad=True),),
    ]
