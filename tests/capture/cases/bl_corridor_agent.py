"""REINFORCE with a small Python environment and a whole update."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

class Corridor:
    def __init__(self, n):
        self.n = n

    def reset(self):
        self.pos, self.t = 0, 0
        return self.obs()

    def obs(self):
        return torch.tensor([self.pos / self.n, self.t / 10.0])

    def step(self, action):
        self.t += 1
        self.pos = max(0, self.pos + (1 if action == 1 else -1))
        done = self.pos >= self.n or self.t >= 6
        return self.obs(), 1.0 if self.pos >= self.n else -0.1, done

class Agent:
    def __init__(self):
        self.policy = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))
        self.opt = torch.optim.Adam(self.policy.parameters(), lr=0.05)
        self.baseline = 0.0

    def __call__(self, n):
        env = Corridor(n)
        obs, done = env.reset(), False
        logps, rewards = [], []
        while not done:
            dist = torch.distributions.Categorical(logits=self.policy(obs))
            a = dist.sample()
            logps.append(dist.log_prob(a))
            obs, r, done = env.step(a.item())
            rewards.append(r)
        ret, returns = 0.0, []
        for r in reversed(rewards):
            ret = r + 0.9 * ret
            returns.insert(0, ret)
        returns = torch.tensor(returns)
        loss = -(torch.stack(logps) * (returns - self.baseline)).sum()
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.baseline = 0.9 * self.baseline + 0.1 * returns[0].item()
        return loss.item(), len(rewards)

def state(a):
    return a.policy.state_dict(), a.baseline

def make():
    torch.manual_seed(8)
    return Agent(), [(2,), (2,), (2,), (2,), (2,)]
