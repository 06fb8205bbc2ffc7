"""Decoding with a beam: the best sequences of a recurrent network, until all of them have ended."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.speed.work import Work

END = 0


class Decoder(nn.Module):
    """A GRU over tokens; a state [width] to the tokens [beam, steps] of the best sequences and their scores [beam]."""

    def __init__(self, words: int, width: int, beam: int, longest: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.cell = nn.GRUCell(width, width)
        self.scores = nn.Linear(width, words)
        self.words, self.beam, self.longest = words, beam, longest

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden = state.expand(self.beam, -1)
        total = torch.full((self.beam,), -1e9)
        total[0] = 0.0
        last = torch.ones(self.beam, dtype=torch.int64)
        ended = torch.zeros(self.beam, dtype=torch.bool)
        sequences = torch.zeros(self.beam, self.longest, dtype=torch.int64)
        only_end = torch.full((self.words,), -1e9)
        only_end[END] = 0.0
        for step in range(self.longest):
            hidden = self.cell(self.embedding(last), hidden)
            scores = torch.log_softmax(self.scores(hidden), -1)
            scores = torch.where(ended.unsqueeze(1), only_end, scores)
            total, best = (total.unsqueeze(1) + scores).flatten().topk(self.beam)
            parent, last = best // self.words, best % self.words
            hidden, ended = hidden[parent], ended[parent] | (last == END)
            sequences = sequences[parent]
            sequences[:, step] = last
            if ended.all():
                break
        return sequences, total


def infer(seed: int, small: bool = False) -> Work:
    """The weights are such that some sequences end soon, and some late."""
    torch.manual_seed(seed)
    words, width, beam, longest = (12, 8, 2, 6) if small else (100, 64, 4, 30)
    model = Decoder(words, width, beam, longest).eval()
    with torch.no_grad():
        model.scores.weight *= 10
        model.scores.bias[END] += 3
    return Work(model, [(torch.randn(width),) for _ in range(16)], models=(model,))
