"""Own dynamic loss scaler: unscale, look for inf, step or halve the scale, grow after n good steps."""
import torch
from torch import nn
EXPECT = "graph"

class Scaler:
    def __init__(self, scale=1024.0, growth_interval=2):
        self.scale = scale
        self.growth_interval = growth_interval
        self.good = 0

    def step(self, loss, model, opt):
        (loss * self.scale).backward()
        found_inf = False
        for p in model.parameters():
            if p.grad is None:
                continue
            p.grad.div_(self.scale)
            if not torch.isfinite(p.grad).all():
                found_inf = True
        if found_inf:
            self.scale *= 0.5
            self.good = 0
        else:
            opt.step()
            self.good += 1
            if self.good == self.growth_interval:
                self.scale *= 2.0
                self.good = 0
        opt.zero_grad()
        return found_inf

def make():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    model.unused = nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    scaler = Scaler()

    def train_step(x, y):
        loss = nn.functional.mse_loss(model(x), y)
        skipped = scaler.step(loss, model, opt)
        return loss.item(), skipped, scaler.scale

    return train_step, [(torch.randn(2, 3) * s, torch.randn(2, 1)) for s in (1.0, 1e19, 1.0, 1.0, 1e19, 1.0)]
