"""Advantage actor-critic, one worker: an episode on the pole until it falls, and one update from it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.cartpole import CartPole
from benchmarks.janus.job import Job


class ActorCritic(nn.Module):
    """Logits of the two pushes, and the value of the state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Linear(4, width)
        self.actor = nn.Linear(width, 2)
        self.critic = nn.Linear(width, 1)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(self.body(state))
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


class Worker:
    """Plays an episode, then updates the network from it."""

    def __init__(self, network: ActorCritic, longest: int) -> None:
        self.network = network
        self.environment = CartPole()
        self.optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        self.longest = longest

    def episode(self) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Values, log-probabilities of what was done, and entropies, until the pole falls."""
        values, log_probabilities, entropies = [], [], []
        state = self.environment.reset()
        for _ in range(self.longest):
            logits, value = self.network(state)
            scores = F.log_softmax(logits, dim=-1)
            action = torch.multinomial(scores.detach().exp(), 1).squeeze()
            values.append(value)
            log_probabilities.append(scores[action])
            entropies.append(-(scores.exp() * scores).sum())
            state, fallen = self.environment.step(action)
            if fallen:
                break
        return values, log_probabilities, entropies

    def returns(self, length: int, discount: float = 0.99) -> Tensor:
        """The discounted sums of the rewards from each step on; every step is worth 1."""
        total, totals = 0.0, []
        for _ in range(length):
            total = 1.0 + discount * total
            totals.append(total)
        return torch.tensor(totals[::-1])

    def step(self) -> tuple[Tensor, int]:
        collected, log_probabilities, entropies = self.episode()
        values = torch.stack(collected)
        returns = self.returns(len(collected))
        advantages = returns - values.detach()
        policy_loss = -(torch.stack(log_probabilities) * advantages).mean()
        loss = policy_loss + 0.5 * F.mse_loss(values, returns) - 0.01 * torch.stack(entropies).mean()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        return loss.detach(), len(collected)


def make(small: bool = False) -> Job:
    """A fresh training; `small` for tests."""
    worker = Worker(ActorCritic(16 if small else 128), 20 if small else 200)
    return Job(worker.step, lambda number: (), (worker.network,), (worker.optimizer,), lambda: worker.environment.state)
