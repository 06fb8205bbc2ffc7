"""DQN with a replay deque, random.sample, target network copies and epsilon decay."""
import random
from collections import deque, namedtuple
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 6
Transition = namedtuple("Transition", "s a r s2 done")

class DQN:
    def __init__(self):
        self.q, self.target = nn.Linear(2, 3), nn.Linear(2, 3)
        self.target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=0.01)
        self.memory = deque(maxlen=6)
        self.eps, self.steps = 1.0, 0

    def act(self, s):
        if random.random() < self.eps:
            return random.randrange(3)
        with torch.no_grad():
            return self.q(s).argmax().item()

    def learn(self):
        batch = Transition(*zip(*random.sample(self.memory, 3)))
        s, s2 = torch.stack(batch.s), torch.stack(batch.s2)
        a = torch.tensor(batch.a)[:, None]
        r, done = torch.tensor(batch.r), torch.tensor(batch.done)
        with torch.no_grad():
            y = r + 0.9 * self.target(s2).max(1).values * (~done)
        loss = nn.functional.smooth_l1_loss(self.q(s).gather(1, a).squeeze(1), y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    def __call__(self, s, s2, r):
        a = self.act(s)
        done = bool(r > 0.5)
        self.memory.append(Transition(s, a, r.item(), s2, done))
        self.eps *= 0.9
        self.steps += 1
        if self.steps % 2 == 0:
            self.target.load_state_dict(self.q.state_dict())
        return (a, self.learn()) if len(self.memory) >= 3 else (a, None)

def state(d):
    return d.q.state_dict(), d.target.state_dict(), list(d.memory), d.eps, d.steps

def make():
    torch.manual_seed(9)
    return DQN(), [(torch.randn(2), torch.randn(2), torch.rand(())) for _ in range(6)]
