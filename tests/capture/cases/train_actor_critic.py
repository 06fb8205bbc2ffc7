"""An actor-critic rollout on a small Python environment: the episode's length depends on the sampled actions."""
import torch
from torch import nn

EXPECT = "any"


class Corridor:
    def reset(self, start):
        self.position = start
        return torch.tensor([float(self.position)])

    def step(self, action):
        self.position += 1 if action == 1 else -1
        done = self.position in (0, 4)
        return torch.tensor([float(self.position)]), 1.0 if self.position == 4 else 0.0, done


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Linear(1, 2)
        self.critic = nn.Linear(1, 1)

    def forward(self, start):
        environment = Corridor()
        state = environment.reset(int(start))
        log_probs, values, rewards = [], [], []
        done = False
        while not done and len(rewards) < 10:
            distribution = torch.distributions.Categorical(logits=self.actor(state))
            action = distribution.sample()
            log_probs.append(distribution.log_prob(action))
            values.append(self.critic(state).squeeze())
            state, reward, done = environment.step(action.item())
            rewards.append(reward)
        returns, total = [], 0.0
        for reward in reversed(rewards):
            total = reward + 0.9 * total
            returns.insert(0, total)
        returns, values = torch.tensor(returns), torch.stack(values)
        advantage = (returns - values).detach()
        return -(torch.stack(log_probs) * advantage).mean() + ((returns - values) ** 2).mean(), len(rewards)


def make():
    torch.manual_seed(0)
    model = ActorCritic()
    return model, [(torch.tensor(s),) for s in (1, 2, 3)]
