"""Two optimizers share a loss: the critic is trained only while it is weak, the actor's gradients reach both."""

import torch
import torch.nn.functional as F
from torch import nn

EXPECT = "graph"
MAX_GRAPHS = 4  # the first steps make the optimizers' state


class Pair:
    def __init__(self):
        self.actor, self.critic = nn.Linear(2, 3), nn.Linear(3, 1)
        self.first = torch.optim.SGD(self.actor.parameters(), lr=0.1)
        self.second = torch.optim.SGD(self.critic.parameters(), lr=0.1)
        self.skipped = 0

    def __call__(self, z, real):
        fake = self.actor(z)
        loss = F.softplus(-self.critic(real)).mean() + F.softplus(self.critic(fake.detach())).mean()
        if loss > 1.0:
            self.second.zero_grad()
            loss.backward()
            self.second.step()
        else:
            self.skipped += 1
        gain = F.softplus(-self.critic(fake)).mean()
        self.first.zero_grad()
        gain.backward()
        self.first.step()
        return loss.detach(), gain.detach()


def state(pair):
    return pair.actor.state_dict(), pair.critic.state_dict(), pair.skipped, [p.grad for p in pair.critic.parameters()]


def make():
    torch.manual_seed(0)
    return Pair(), [(torch.randn(4, 2), torch.randn(4, 3) + s) for s in (0.0, -40.0, 0.0, -40.0, -40.0)]
