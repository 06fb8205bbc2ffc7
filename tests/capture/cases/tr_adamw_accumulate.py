"""AdamW with gradient accumulation over k micro batches, counter as attribute."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 4

class Accumulator:
    def __init__(self, model, every=2):
        self.model = model
        self.every = every
        self.opt = torch.optim.AdamW(model.parameters(), lr=0.01)
        self.n = 0

    def __call__(self, x, y):
        loss = nn.functional.mse_loss(self.model(x), y) / self.every
        loss.backward()
        self.n += 1
        if self.n % self.every == 0:
            self.opt.step()
            self.opt.zero_grad()
        return loss.item() * self.every

def make():
    torch.manual_seed(0)
    return Accumulator(nn.Linear(3, 1)), [(torch.randn(2, 3), torch.randn(2, 1)) for _ in range(6)]
