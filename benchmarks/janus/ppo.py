"""Proximal policy optimization on the pole: a rollout, generalized advantages, and some epochs over minibatches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.actor_critic import ActorCritic
from benchmarks.janus.cartpole import CartPole
from benchmarks.janus.job import Job


class Buffer:
    """What happened in a rollout of `length` steps."""

    def __init__(self, length: int) -> None:
        self.states = torch.zeros(length, 4)
        self.actions = torch.zeros(length, dtype=torch.int64)
        self.scores = torch.zeros(length)
        self.values = torch.zeros(length + 1)
        self.fallen = torch.zeros(length)


class Agent:
    """One step is a rollout and the updates from it, which end early when the policy has moved too far."""

    def __init__(self, network: ActorCritic, length: int, minibatch: int, far: float) -> None:
        self.network, self.length, self.minibatch = network, length, minibatch
        self.optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        self.environment = CartPole()
        self.environment.reset()
        self.buffer = Buffer(length)
        self.epochs, self.clip, self.far = 3, 0.2, far

    @torch.no_grad()
    def rollout(self) -> None:
        """Fill the buffer; an episode that ends is followed by another one."""
        state = self.environment.state
        for t in range(self.length):
            logits, value = self.network(state)
            scores = F.log_softmax(logits, dim=-1)
            action = torch.multinomial(scores.exp(), 1).squeeze()
            self.buffer.states[t] = state
            self.buffer.actions[t] = action
            self.buffer.scores[t] = scores[action]
            self.buffer.values[t] = value
            state, fallen = self.environment.step(action)
            self.buffer.fallen[t] = fallen
            if fallen:
                state = self.environment.reset()
        self.buffer.values[self.length] = self.network(state)[1]

    def advantages(self, discount: float = 0.99, decay: float = 0.95) -> Tensor:
        """The generalized advantage estimates of Schulman et al. (2016); every step is worth 1."""
        advantage, advantages = torch.zeros(()), []
        for t in reversed(range(self.length)):
            lives = 1 - self.buffer.fallen[t]
            surprise = 1 + discount * lives * self.buffer.values[t + 1] - self.buffer.values[t]
            advantage = surprise + discount * decay * lives * advantage
            advantages.append(advantage)
        return torch.stack(advantages[::-1])

    def update(self, chosen: Tensor, advantages: Tensor, returns: Tensor) -> tuple[Tensor, Tensor]:
        """One update from the chosen steps: its loss, and an estimate of how far the policy has moved."""
        logits, values = self.network(self.buffer.states[chosen])
        actions = self.buffer.actions[chosen].unsqueeze(1)
        scores = F.log_softmax(logits, dim=-1).gather(1, actions).squeeze(1)
        advantage = advantages[chosen]
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        ratio = (scores - self.buffer.scores[chosen]).exp()
        clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
        policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
        loss = policy_loss + 0.5 * F.mse_loss(values, returns[chosen])
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        self.optimizer.step()
        return loss.detach(), ((ratio.detach() - 1) - ratio.detach().log()).mean()

    def learn(self) -> Tensor:
        """Epochs over shuffled minibatches; no further one once the mean divergence is too large."""
        advantages = self.advantages()
        returns = advantages + self.buffer.values[:-1]
        loss = torch.zeros(())
        for _ in range(self.epochs):
            divergence = torch.zeros(())
            for chosen in torch.randperm(self.length).split(self.minibatch):
                loss, moved = self.update(chosen, advantages, returns)
                divergence = torch.maximum(divergence, moved)
            if divergence > self.far:
                break
        return loss

    def step(self) -> Tensor:
        self.rollout()
        return self.learn()


def make(small: bool = False) -> Job:
    """A fresh training; `small` for tests."""
    agent = Agent(ActorCritic(8), 8, 4, far=1e-5) if small else Agent(ActorCritic(64), 128, 32, far=0.02)
    return Job(
        agent.step,
        lambda number: (),
        (agent.network,),
        (agent.optimizer,),
        lambda: (agent.environment.state, vars(agent.buffer)),
    )
