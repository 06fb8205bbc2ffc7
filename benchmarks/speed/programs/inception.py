"""Inception-v3 of Szegedy et al., "Rethinking the Inception Architecture" (2016), on random images."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.programs.classifying import asked, random_images, trained
from benchmarks.speed.work import Work


class Conv(nn.Module):
    """A convolution, normalised."""

    def __init__(self, inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1, padding=0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class BlockA(nn.Module):
    """Four branches: a pixel, five by five, twice three by three, and a mean."""

    def __init__(self, inputs: int, pooled: int, d: int) -> None:
        super().__init__()
        self.pixel = Conv(inputs, 64 // d, 1)
        self.five = nn.Sequential(Conv(inputs, 48 // d, 1), Conv(48 // d, 64 // d, 5, padding=2))
        self.three = nn.Sequential(
            Conv(inputs, 64 // d, 1), Conv(64 // d, 96 // d, 3, padding=1), Conv(96 // d, 96 // d, 3, padding=1)
        )
        self.pool = Conv(inputs, pooled // d, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.pixel(x), self.five(x), self.three(x), pooled], 1)


class BlockB(nn.Module):
    """To half the size, from 35 to 17 pixels."""

    def __init__(self, inputs: int, d: int) -> None:
        super().__init__()
        self.three = Conv(inputs, 384 // d, 3, stride=2)
        self.twice = nn.Sequential(
            Conv(inputs, 64 // d, 1), Conv(64 // d, 96 // d, 3, padding=1), Conv(96 // d, 96 // d, 3, stride=2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.three(x), self.twice(x), F.max_pool2d(x, 3, stride=2)], 1)


class BlockC(nn.Module):
    """Seven by seven, taken apart into rows and columns."""

    def __init__(self, inputs: int, inner: int, d: int) -> None:
        super().__init__()
        inner, out = inner // d, 192 // d
        row, column = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        self.pixel = Conv(inputs, out, 1)
        self.seven = nn.Sequential(Conv(inputs, inner, 1), Conv(inner, inner, **row), Conv(inner, out, **column))
        self.twice = nn.Sequential(
            Conv(inputs, inner, 1),
            Conv(inner, inner, **column),
            Conv(inner, inner, **row),
            Conv(inner, inner, **column),
            Conv(inner, out, **row),
        )
        self.pool = Conv(inputs, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.pixel(x), self.seven(x), self.twice(x), pooled], 1)


class BlockD(nn.Module):
    """To half the size, from 17 to 8 pixels."""

    def __init__(self, inputs: int, d: int) -> None:
        super().__init__()
        inner = 192 // d
        self.three = nn.Sequential(Conv(inputs, inner, 1), Conv(inner, 320 // d, 3, stride=2))
        self.seven = nn.Sequential(
            Conv(inputs, inner, 1),
            Conv(inner, inner, (1, 7), padding=(0, 3)),
            Conv(inner, inner, (7, 1), padding=(3, 0)),
            Conv(inner, inner, 3, stride=2),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.three(x), self.seven(x), F.max_pool2d(x, 3, stride=2)], 1)


class Fork(nn.Module):
    """A row and a column of three, side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.row = Conv(inputs, outputs, (1, 3), padding=(0, 1))
        self.column = Conv(inputs, outputs, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.row(x), self.column(x)], 1)


class BlockE(nn.Module):
    """Wide, at 8 pixels."""

    def __init__(self, inputs: int, d: int) -> None:
        super().__init__()
        inner = 384 // d
        self.pixel = Conv(inputs, 320 // d, 1)
        self.three = nn.Sequential(Conv(inputs, inner, 1), Fork(inner, inner))
        self.twice = nn.Sequential(Conv(inputs, 448 // d, 1), Conv(448 // d, inner, 3, padding=1), Fork(inner, inner))
        self.pool = Conv(inputs, 192 // d, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.pixel(x), self.three(x), self.twice(x), pooled], 1)


class Inception(nn.Module):
    """Images [batch, 3, size, size], 75 pixels or more, to logits; every width is divided by `d`.

    Without the auxiliary classifier.
    """

    def __init__(self, d: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Conv(3, 32 // d, 3, stride=2),
            Conv(32 // d, 32 // d, 3),
            Conv(32 // d, 64 // d, 3, padding=1),
            nn.MaxPool2d(3, 2),
            Conv(64 // d, 80 // d, 1),
            Conv(80 // d, 192 // d, 3),
            nn.MaxPool2d(3, 2),
        )
        self.blocks = nn.Sequential(
            BlockA(192 // d, 32, d),
            BlockA(256 // d, 64, d),
            BlockA(288 // d, 64, d),
            BlockB(288 // d, d),
            *(BlockC(768 // d, inner, d) for inner in (128, 160, 160, 192)),
            BlockD(768 // d, d),
            BlockE(1280 // d, d),
            BlockE(2048 // d, d),
        )
        self.dropout = nn.Dropout(0.5)
        self.classes = nn.Linear(2048 // d, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        return self.classes(self.dropout(x))


def given(small: bool) -> tuple[Inception, int, int]:
    """The network, images in a batch, and their size."""
    return (Inception(8, 10), 2, 75) if small else (Inception(1, 1000), 2, 75)


def train(seed: int, small: bool = False) -> Work:
    """Normalised over two images, losses after the first are a matter of the last bits of the one before."""
    torch.manual_seed(seed)
    model, batch, size = given(small)
    work = trained(model, random_images(batch, size, model.classes.out_features))
    return dataclasses.replace(work, draws=True, checked=1)


def infer(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    model, batch, size = given(small)
    return asked(model, random_images(batch, size, model.classes.out_features))
