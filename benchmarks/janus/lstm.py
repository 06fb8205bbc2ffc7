"""A character language model: an LSTM unrolled in Python, whose state is carried from batch to batch."""

from __future__ import annotations

import argparse
import inspect

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.job import Job


class LSTMCell(nn.Module):
    """One time step of a long short-term memory."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.gates = nn.Linear(inputs + hidden, 4 * hidden)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        hidden, cell = state
        enter, forget, candidate, leave = self.gates(torch.cat([x, hidden], dim=-1)).chunk(4, dim=-1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        return torch.sigmoid(leave) * torch.tanh(cell), cell


class LanguageModel(nn.Module):
    """Logits of the next character at every position; `state` remembers the text read so far."""

    def __init__(self, characters: int, batch: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.cell = LSTMCell(width, width)
        self.dropout = nn.Dropout(0.2)
        self.decoder = nn.Linear(width, characters)
        self.state = (torch.zeros(batch, width), torch.zeros(batch, width))

    def forward(self, tokens: Tensor) -> Tensor:
        embedded = self.dropout(self.embedding(tokens))
        hidden, cell = self.state
        outputs = []
        for t in range(tokens.shape[0]):
            hidden, cell = self.cell(embedded[t], (hidden, cell))
            outputs.append(hidden)
        self.state = (hidden.detach(), cell.detach())
        return self.decoder(self.dropout(torch.stack(outputs)))


class Training:
    """Truncated backpropagation through time with clipped gradients and plain SGD."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1.0)

    def step(self, tokens: Tensor, targets: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        logits = self.model(tokens)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.25)
        self.optimizer.step()
        return loss.detach()


def text(batch: int) -> tuple[Tensor, int]:
    """The source of a module of the standard library as [time, batch] numbers of characters, and how many there are."""
    source = inspect.getsource(argparse)
    alphabet = {character: number for number, character in enumerate(sorted(set(source)))}
    numbers = torch.tensor([alphabet[character] for character in source])
    length = len(numbers) // batch
    return numbers[: length * batch].view(batch, length).t().contiguous(), len(alphabet)


def make(small: bool = False) -> Job:
    """A fresh training; `small` for tests."""
    batch, width, steps = (4, 16, 6) if small else (20, 200, 35)
    corpus, characters = text(batch)
    training = Training(LanguageModel(characters, batch, width))

    def arguments(number: int) -> tuple[Tensor, Tensor]:
        begin = number * steps % (len(corpus) - steps - 1)
        return corpus[begin : begin + steps], corpus[begin + 1 : begin + steps + 1]

    return Job(training.step, arguments, (training.model,), (training.optimizer,), lambda: training.model.state)
