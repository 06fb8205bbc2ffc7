"""Generators that an object keeps: Python's, NumPy's and torch's, each with a stream of its own."""

import random

import numpy as np
import torch

EXPECT = "graph"
MAX_GRAPHS = 2  # the rate is opened when it first differs


class Explorer:
    def __init__(self):
        self.rng = random.Random(4)
        self.noise = np.random.default_rng(5)
        self.torch = torch.Generator().manual_seed(6)
        self.rate = 1.0

    def __call__(self, scores):
        self.rate *= 0.7
        order = list(range(len(scores)))
        self.rng.shuffle(order)
        if self.rng.random() < self.rate:
            action = self.rng.choice(order)
        else:
            action = int(scores.argmax())
        kept = torch.rand(scores.shape, generator=self.torch) < 0.5
        picked = scores[order[:2]].sum() + self.noise.normal(0.0, 0.1)
        if kept.all():
            picked = picked + torch.randn((), generator=self.torch)
        if np.random.rand() < scores[0].sigmoid():
            picked = picked * self.noise.random()
        return action, picked, np.random.randint(5)


def state(explorer):
    return explorer.rng.getstate(), str(explorer.noise.bit_generator.state), explorer.torch.get_state(), explorer.rate


def make():
    torch.manual_seed(2)
    return Explorer(), [(torch.randn(2),) for _ in range(5)]
