"""A TreeLSTM: a recursive method over Python objects, which learns the sentiment of phrases that are binary trees."""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.job import Job

WORDS = 20
"""Words below `WORDS // 2` are friendly, the others are not; word 0 turns what stands to its right around."""


@dataclass(eq=False)
class Node:
    """A phrase: a word, or two phrases; `label` is 1 if it is friendly."""

    label: int
    word: int | None = None
    left: Node | None = None
    right: Node | None = None


class TreeLSTM(nn.Module):
    """The binary TreeLSTM of Tai, Socher and Manning (2015), one tree at a time."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.leaf = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(2 * width, 5 * width)
        self.classify = nn.Linear(width, 2)

    def encode(self, node: Node) -> tuple[Tensor, Tensor]:
        """Hidden state and memory of a phrase, each [width]."""
        if node.word is not None:
            enter, leave, candidate = self.leaf(self.embedding.weight[node.word]).chunk(3)
            cell = torch.sigmoid(enter) * torch.tanh(candidate)
        else:
            left, left_cell = self.encode(node.left)
            right, right_cell = self.encode(node.right)
            gates = self.merge(torch.cat([left, right]))
            enter, forget_left, forget_right, leave, candidate = gates.chunk(5)
            cell = torch.sigmoid(enter) * torch.tanh(candidate)
            cell = cell + torch.sigmoid(forget_left) * left_cell + torch.sigmoid(forget_right) * right_cell
        return torch.sigmoid(leave) * torch.tanh(cell), cell

    def forward(self, node: Node) -> Tensor:
        hidden, _ = self.encode(node)
        return self.classify(hidden)


class Training:
    """Adagrad on the mean loss of a batch of trees."""

    def __init__(self, model: TreeLSTM) -> None:
        self.model = model
        self.optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)

    def step(self, trees: list[Node]) -> Tensor:
        self.optimizer.zero_grad()
        logits = torch.stack([self.model(tree) for tree in trees])
        loss = F.cross_entropy(logits, torch.tensor([tree.label for tree in trees]))
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def grow(leaves: int, chance: random.Random) -> Node:
    """A random phrase of so many words."""
    if leaves == 1:
        word = chance.randrange(WORDS)
        return Node(int(word < WORDS // 2), word=word)
    cut = chance.randint(1, leaves - 1)
    left, right = grow(cut, chance), grow(leaves - cut, chance)
    return Node(1 - right.label if left.word == 0 else right.label, left=left, right=right)


def make(small: bool = False) -> Job:
    """A fresh training; `small` for tests."""
    width, batch, leaves, trees = (8, 2, 3, 4) if small else (64, 8, 10, 1024)
    chance = random.Random(0)
    treebank = [grow(chance.randint(1, leaves), chance) for _ in range(trees)]
    training = Training(TreeLSTM(WORDS, width))

    def arguments(number: int) -> tuple[list[Node]]:
        begin = number * batch % len(treebank)
        return (treebank[begin : begin + batch],)

    return Job(training.step, arguments, (training.model,), (training.optimizer,))
