"""A recursive network of Socher et al. (2011): one layer that merges two phrases, on the phrases of the TreeLSTM."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.treelstm import WORDS, Node, grow
from benchmarks.speed.programs.treelstm import plain
from benchmarks.speed.work import Work


class TreeRNN(nn.Module):
    """A phrase to logits [2]."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.merge = nn.Linear(2 * width, width)
        self.classify = nn.Linear(width, 2)

    def encode(self, node: Node) -> Tensor:
        """[width]"""
        if node.word is not None:
            return self.embedding.weight[node.word]
        return torch.tanh(self.merge(torch.cat([self.encode(node.left), self.encode(node.right)])))

    def forward(self, node: Node) -> Tensor:
        return self.classify(self.encode(node))


class Training:
    """SGD on the mean loss of a batch of trees."""

    def __init__(self, model: TreeRNN) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def step(self, trees: list[Node]) -> Tensor:
        self.optimizer.zero_grad()
        logits = torch.stack([self.model(tree) for tree in trees])
        loss = F.cross_entropy(logits, torch.tensor([tree.label for tree in trees]))
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def given(seed: int, small: bool) -> tuple[TreeRNN, list[tuple[list[Node]]]]:
    """The network and batches of trees."""
    torch.manual_seed(seed)
    width, batch, leaves, batches = (8, 2, 3, 4) if small else (64, 8, 10, 128)
    chance = random.Random(seed)
    trees = [[grow(chance.randint(1, leaves), chance) for _ in range(batch)] for _ in range(batches)]
    return TreeRNN(WORDS, width), [(some,) for some in trees]


def train(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,), plain=plain)


def infer(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    model.eval()

    def step(trees: list[Node]) -> Tensor:
        return torch.stack([model(tree) for tree in trees])

    return Work(step, batches, models=(model,), plain=plain)
