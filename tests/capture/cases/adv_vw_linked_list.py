"""A linked list is built in a loop and walked; nodes are unlinked on a tensor condition."""

import torch

EXPECT = "any"


class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next


def f(x):
    head = None
    for i in range(3):
        head = Node(x[i], head)
    node, prev = head, None
    while node is not None:
        if node.value < 0:
            if prev is None:
                head = node.next
            else:
                prev.next = node.next
        else:
            prev = node
        node = node.next
    total = x.new_zeros(())
    n = 0
    while head is not None:
        total = total + head.value * (n + 1)
        n += 1
        head = head.next
    return total, n


def make():
    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 3.0], [-1.0, -1.0, 2.0], [-4.0, 1.0, -1.0], [1.0, -2.0, 3.0])
    ]
