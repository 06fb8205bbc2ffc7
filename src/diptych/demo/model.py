"""The program of the demo: ordinary imperative PyTorch that lets its data decide what happens next."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EarlyExit(nn.Module):
    """Classifies digits: images that are easy leave early, hard ones are thought about until the answer settles.

    `forward` takes images float32 [batch, 1, 28, 28] and returns the first guess and the answer, both logits float32
    [batch, 10], and the number of refinement rounds in between; after 0 rounds the answer is the first guess.
    """

    def __init__(self, hidden: int = 64, sure: float = 0.9, settled: float = 0.01, most_rounds: int = 12) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * 7 * 7, hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
        )
        self.early = nn.Linear(hidden, 10)
        self.recur = nn.Linear(hidden, hidden)
        self.late = nn.Linear(hidden, 10)
        self.sure = sure
        self.settled = settled
        self.most_rounds = most_rounds

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, int]:
        features = self.stem(images)
        guess = self.early(features)
        confidence = guess.softmax(dim=-1).amax(dim=-1)
        if confidence.mean() > self.sure:
            return guess, guess, 0

        thought = torch.tanh(features)
        rounds = 0
        change = torch.ones(())
        while change > self.settled and rounds < self.most_rounds:
            refined = torch.tanh(features + self.recur(thought))
            change = (refined - thought).norm() / thought.norm()
            thought = refined
            rounds += 1
        return guess, guess + self.late(thought), rounds
