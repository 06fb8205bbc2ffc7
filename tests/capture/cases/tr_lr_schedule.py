"""Warm-up and StepLR through torch's scheduler, on a step with a value-dependent penalty."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

def make():
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.5)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.1)

    def step(x, y):
        opt.zero_grad()
        loss = (model(x) - y).pow(2).mean()
        if model.weight.norm() > 0.5:
            loss = loss + 0.1 * model.weight.pow(2).sum()
        loss.backward()
        opt.step()
        sched.step()
        return loss.item(), sched.get_last_lr()[0]

    return step, [(torch.randn(4, 2), torch.randn(4, 1)) for _ in range(5)]
