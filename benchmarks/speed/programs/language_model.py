"""A language model on words: two layers of `nn.LSTM`, whose state goes from batch to batch."""

from __future__ import annotations

import argparse
import inspect
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work


class LanguageModel(nn.Module):
    """Tokens [time, batch] and a state to logits [time, batch, words] and the next state."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, num_layers=2)
        self.decoder = nn.Linear(width, words)

    def forward(self, tokens: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, state = self.lstm(self.embedding(tokens), state)
        return self.decoder(outputs), state


class Training:
    """Truncated backpropagation through time; Adam, gradients clipped."""

    def __init__(self, model: LanguageModel, state: tuple[Tensor, Tensor]) -> None:
        self.model, self.state = model, state
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(self, tokens: Tensor, targets: Tensor) -> Tensor:
        hidden, cell = self.state
        self.optimizer.zero_grad()
        logits, (hidden, cell) = self.model(tokens, (hidden, cell))
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
        self.optimizer.step()
        self.state = (hidden.detach(), cell.detach())
        return loss.detach()


def corpus(batch: int) -> tuple[Tensor, int]:
    """A module of the standard library, word by word, as [time, batch] numbers; and how many words there are."""
    text = re.findall(r"\w+|[^\w\s]", inspect.getsource(argparse))
    words = {word: number for number, word in enumerate(sorted(set(text)))}
    numbers = torch.tensor([words[word] for word in text])
    length = len(numbers) // batch
    return numbers[: length * batch].view(batch, length).t().contiguous(), len(words)


def given(small: bool) -> tuple[LanguageModel, tuple[Tensor, Tensor], list[tuple[Tensor, Tensor]]]:
    """The model, its first state, and batches of tokens and targets."""
    batch, width, time = (2, 8, 5) if small else (16, 128, 20)
    text, words = corpus(batch)
    pieces = [(text[k : k + time], text[k + 1 : k + time + 1]) for k in range(0, 16 * time, time)]
    return LanguageModel(words, width), (torch.zeros(2, batch, width), torch.zeros(2, batch, width)), pieces


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    model, (hidden, cell), batches = given(small)
    training = Training(model, (hidden, cell))

    def begin_anew() -> None:
        training.state = (hidden.clone(), cell.clone())

    return Work(training.step, batches, True, (model,), (training.optimizer,), begin_anew)


def infer(seed: int, small: bool = False) -> Work:
    """Every batch from the first state."""
    torch.manual_seed(seed)
    model, state, batches = given(small)
    return Work(model.eval(), [(tokens, state) for tokens, _ in batches], models=(model,))
