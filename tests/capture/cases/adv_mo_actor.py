"""An agent in a little grid world: actions sampled, rewards summed until a wall or the goal."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = nn.Linear(2, 4)

    def forward(self, pos):
        moves = [torch.tensor([1, 0]), torch.tensor([-1, 0]), torch.tensor([0, 1]), torch.tensor([0, -1])]
        logs, reward, t = [], 0.0, 0
        while t < 6:
            dist = torch.distributions.Categorical(logits=self.policy(pos.float()))
            a = dist.sample()
            logs.append(dist.log_prob(a))
            pos = pos + moves[a]
            t += 1
            if (pos < 0).any():
                reward -= 1.0
                break
            if (pos >= 2).all():
                reward += 5.0
                break
            reward -= 0.1
        return torch.stack(logs).sum() * reward, t, pos


def make():
    return Agent(), [(torch.tensor(v),) for v in ([0, 0], [1, 2], [3, 3], [1, 1], [1, 9], [9, 1])]
