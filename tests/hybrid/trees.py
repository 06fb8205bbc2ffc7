"""Recursive programs over node objects, and random structures for them."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

WORDS = 7


class Node:
    """A binary node; a leaf has no children."""

    def __init__(self, rng: random.Random, left: Any = None, right: Any = None) -> None:
        self.left, self.right = left, right
        self.word = rng.randrange(WORDS)
        self.weight = rng.random()
        self.operation = rng.choice(["add", "mul"])
        self.value = torch.tensor([rng.random(), rng.random()])

    def total(self, w: torch.Tensor) -> torch.Tensor:
        y = self.value * w
        if self.left is not None:
            y = y + self.left.total(w)
        if self.right is not None:
            y = y + torch.tanh(self.right.total(w))
        return y


@dataclasses.dataclass
class Nary:
    word: int
    children: list[Nary]


@dataclasses.dataclass
class Leaf:
    value: torch.Tensor


@dataclasses.dataclass
class Plus:
    a: Any
    b: Any


@dataclasses.dataclass
class Times:
    a: Any
    b: Any


@dataclasses.dataclass
class Minus:
    a: Any


def binary(rng: random.Random, leaves: int = 0) -> Node:
    """A tree whose inner nodes have two children."""
    leaves = leaves or rng.randrange(1, 9)
    if leaves == 1:
        return Node(rng)
    first = rng.randrange(1, leaves)
    return Node(rng, binary(rng, first), binary(rng, leaves - first))


def sparse(rng: random.Random, depth: int = 4) -> Any:
    """A tree of which any child may be missing."""
    children = [None if depth == 1 or rng.random() < 0.3 else sparse(rng, depth - 1) for _ in range(2)]
    return Node(rng, *children)


def nary(rng: random.Random, nodes: int = 0) -> Nary:
    """A tree whose nodes have any number of children."""
    left = (nodes or rng.randrange(1, 9)) - 1
    children: list[Nary] = []
    while left:
        size = rng.randrange(1, left + 1)
        children.append(nary(rng, size))
        left -= size
    return Nary(rng.randrange(WORDS), children)


def several(rng: random.Random) -> list[Nary]:
    """A mini-batch of trees."""
    return [nary(rng) for _ in range(3)]


def formula(rng: random.Random, depth: int = 4) -> Any:
    """An expression, whose nodes have a class for each operation."""
    kind = rng.choice([Leaf, Plus, Times, Minus]) if depth else Leaf
    if kind is Leaf:
        return Leaf(torch.tensor([rng.random(), rng.random()]))
    return kind(*(formula(rng, depth - 1) for _ in dataclasses.fields(kind)))


class TreeRNN(nn.Module):
    """A recursive network (Socher et al., 2011)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, 4)
        self.cell = nn.Linear(8, 4)

    def leaf(self, node: Any) -> torch.Tensor:
        return self.embed(torch.tensor([node.word]))

    def both(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.cell(torch.cat([left, right], 1)))

    def encode(self, node: Any) -> Any:
        if node.left is None:
            return self.leaf(node)
        return self.both(self.encode(node.left), self.encode(node.right))

    def forward(self, node: Any) -> torch.Tensor:
        return self.encode(node).sum()


class ChildSum(nn.Module):
    """A child-sum TreeLSTM (Tai, Socher, Manning, 2015) over a mini-batch of trees."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, 4)
        self.iou, self.of_children = nn.Linear(4, 12), nn.Linear(4, 12, bias=False)
        self.forget, self.of_child = nn.Linear(4, 4), nn.Linear(4, 4, bias=False)

    def node(self, tree: Nary) -> tuple[torch.Tensor, torch.Tensor]:
        states = [self.node(child) for child in tree.children]
        x = self.embed(torch.tensor(tree.word))
        h = sum((state[0] for state in states), torch.zeros(4))
        i, o, u = (self.iou(x) + self.of_children(h)).chunk(3)
        c = torch.sigmoid(i) * torch.tanh(u)
        for hidden, cell in states:
            c = c + torch.sigmoid(self.forget(x) + self.of_child(hidden)) * cell
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, trees: list[Nary]) -> torch.Tensor:
        return torch.stack([self.node(tree)[0] for tree in trees]).pow(2).mean()


class StackedChildSum(ChildSum):
    """The same, with the children's states in one tensor."""

    def node(self, tree: Nary) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.embed(torch.tensor(tree.word))
        if not tree.children:
            hidden, cells = torch.zeros(1, 4), torch.zeros(1, 4)
        else:
            hs, cs = zip(*[self.node(child) for child in tree.children], strict=True)
            hidden, cells = torch.stack(hs), torch.stack(cs)
        i, o, u = (self.iou(x) + self.of_children(hidden.sum(0))).chunk(3)
        f = torch.sigmoid(self.forget(x) + self.of_child(hidden))
        c = torch.sigmoid(i) * torch.tanh(u) + (f * cells).sum(0)
        return torch.sigmoid(o) * torch.tanh(c), c


class Values(TreeRNN):
    """Nodes hold tensors; the function is called for missing children too."""

    def encode(self, node: Any) -> torch.Tensor:
        if node is None:
            return torch.zeros(4)
        below = self.encode(node.left) - 0.5 * self.encode(node.right)
        return torch.relu(self.cell(node.value.repeat(4))) + node.weight * below


class Formulas(nn.Module):
    """What a node means depends on its class."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.5, 1.5]))

    def value(self, e: Any) -> torch.Tensor:
        if isinstance(e, Leaf):
            return e.value * self.w
        match e:
            case Plus(a, b):
                return self.value(a) + self.value(b)
            case Times(a=a, b=b):
                return self.value(a) * self.value(b)
            case Minus(a):
                return -self.value(a)
        raise TypeError(type(e))

    def forward(self, e: Any) -> torch.Tensor:
        return self.value(e).sum()


class Operations(TreeRNN):
    """What a node means depends on a string."""

    def encode(self, node: Any) -> torch.Tensor:
        if node.left is None:
            return self.embed.weight[node.word]
        a, b = self.encode(node.left), self.encode(node.right)
        if node.operation == "add":
            return torch.tanh(a + b)
        if node.operation == "mul":
            return a * b
        raise ValueError(node.operation)


class Losses(TreeRNN):
    """Each node has a label, and a loss that is added to those below."""

    def encode(self, node: Any) -> Any:
        if node.left is None:
            h, below = self.leaf(node), 0.0
        else:
            (left, a), (right, b) = self.encode(node.left), self.encode(node.right)
            h, below = self.both(left, right), a + b
        return h, below + nn.functional.cross_entropy(h, torch.tensor([node.word % 4]))

    def forward(self, node: Any) -> torch.Tensor:
        return self.encode(node)[1]


class OwnMethod(nn.Module):
    """The recursion is a method of the nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.5, 1.5]))

    def forward(self, node: Any) -> torch.Tensor:
        return node.total(self.w).sum()


class Stored(TreeRNN):
    """Results are stored on the nodes."""

    def encode(self, node: Any) -> Any:
        if node.left is None:
            node.state = self.leaf(node)
        else:
            self.encode(node.left), self.encode(node.right)
            node.state = self.both(node.left.state, node.right.state)
        return node.state


class Collected(TreeRNN):
    """Results are collected in the order of the calls."""

    def encode(self, node: Any, found: Any = None) -> Any:
        h = self.leaf(node) if node.left is None else None
        if h is None:
            h = self.both(self.encode(node.left, found), self.encode(node.right, found))
        found.append(h)
        return h

    def forward(self, node: Any) -> torch.Tensor:
        found: list[torch.Tensor] = []
        self.encode(node, found)
        return torch.cat(found).pow(2).mean()


class Dropped(TreeRNN):
    """A random draw for each node, in the order of the calls."""

    def encode(self, node: Any) -> Any:
        return nn.functional.dropout(super().encode(node), 0.5)


class Decided(TreeRNN):
    """A tensor decides what happens at each node."""

    def encode(self, node: Any) -> Any:
        h = super().encode(node)
        if h.sum() > 0:
            h = h * 2
        return h


class Depths(TreeRNN):
    """The depth is counted on the way down."""

    def encode(self, node: Any, depth: int = 1) -> Any:
        if node.left is None:
            return self.leaf(node) / depth
        return self.both(self.encode(node.left, depth + 1), self.encode(node.right, depth=depth + 1)) / depth


Case = tuple[Callable[[], nn.Module], Callable[[random.Random], Any]]
FOLDED: dict[str, Case] = {
    "binary": (TreeRNN, binary),
    "child-sum": (ChildSum, several),
    "stacked": (StackedChildSum, several),
    "values": (Values, sparse),
    "classes": (Formulas, formula),
    "operations": (Operations, binary),
    "losses": (Losses, binary),
    "methods": (OwnMethod, sparse),
}
"""Programs that a few graphs serve for all structures."""

LONG = ("child-sum", "stacked", "classes")
"""Those of `FOLDED` whose graphs take long to differentiate and to compile."""

EACH_FOLDED = [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in FOLDED]
"""The names of `FOLDED` for `parametrize`."""

FOLLOWED: dict[str, Case] = {
    "stored": (Stored, binary),
    "collected": (Collected, binary),
    "dropped": (Dropped, binary),
    "decided": (Decided, binary),
    "depths": (Depths, binary),
}
"""Programs with a graph for each structure: the order of the calls matters, or more is handed on than the node."""
