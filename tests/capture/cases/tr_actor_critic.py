"""REINFORCE with baseline on a Python environment: an episode and one update."""
import torch
from torch import nn
from torch.distributions import Categorical
EXPECT = "any"  # not in one graph yet

class Corridor:
    def __init__(self, length=4):
        self.length = length

    def reset(self):
        self.pos = 1
        return self.obs()

    def obs(self):
        x = torch.zeros(self.length)
        x[self.pos] = 1.0
        return x

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        done = self.pos <= 0 or self.pos >= self.length - 1
        reward = 1.0 if self.pos >= self.length - 1 else -0.1
        self.pos = max(0, min(self.length - 1, self.pos))
        return self.obs(), reward, done

class ActorCritic(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.pi, self.v = nn.Linear(n, 2), nn.Linear(n, 1)

    def forward(self, x):
        return Categorical(logits=self.pi(x)), self.v(x).squeeze(-1)

def make():
    torch.manual_seed(0)
    env = Corridor()
    net = ActorCritic(4)
    opt = torch.optim.Adam(net.parameters(), lr=0.05)

    def episode(gamma, max_steps=10):
        obs = env.reset()
        log_probs, values, rewards = [], [], []
        for t in range(max_steps):
            dist, value = net(obs)
            action = dist.sample()
            obs, reward, done = env.step(action.item())
            log_probs.append(dist.log_prob(action))
            values.append(value)
            rewards.append(reward)
            if done:
                break
        returns, R = [], 0.0
        for r in reversed(rewards):
            R = r + gamma * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        values = torch.stack(values)
        adv = returns - values.detach()
        loss = -(torch.stack(log_probs) * adv).sum() + nn.functional.smooth_l1_loss(values, returns)
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss.item(), len(rewards)

    return episode, [(0.9,), (0.9,), (0.9,), (0.9,)]
