"""A run that fails after it has drawn, and a generator that is replaced or seeded anew: no draw is lost or made twice."""

import random

import torch

EXPECT = "any"


class Noisy:
    def __init__(self):
        self.rng = random.Random(1)
        self.torch = torch.Generator().manual_seed(2)

    def __call__(self, x, what):
        y = x * self.rng.random() + torch.rand(2, generator=self.torch)
        if what == "anew":
            self.rng = random.Random(9)
        if what == "seed":
            self.torch.manual_seed(3)
            self.rng.seed(5)
        if what == "own":
            own = random.Random(7)
            y = y + own.random()
        if x.sum() > 10:
            y = y.reshape(7)
        return y + torch.rand(2, generator=self.torch) * self.rng.uniform(1.0, 2.0)


def state(noisy):
    return noisy.rng.getstate(), noisy.torch.get_state()


def make():
    x = torch.ones(2)
    kinds = ("", "", "anew", "", "seed", "", "own", "own", "")
    return Noisy(), [(x, kind) for kind in kinds] + [(x * 20, ""), (x, ""), (x * 20, "")]
