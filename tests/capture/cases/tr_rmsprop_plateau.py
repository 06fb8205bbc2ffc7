"""RMSprop; learning rate halved when the loss got worse."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

def make():
    torch.manual_seed(0)
    w = nn.Parameter(torch.randn(3))
    opt = torch.optim.RMSprop([w], lr=0.05)
    prev = {"loss": None}

    def step(x, y):
        opt.zero_grad(set_to_none=True)
        loss = (x @ w - y).abs().mean()
        loss.backward()
        opt.step()
        if prev["loss"] is not None and loss.item() > prev["loss"]:
            for group in opt.param_groups:
                group["lr"] *= 0.5
        prev["loss"] = loss.item()
        return loss.detach(), opt.param_groups[0]["lr"]

    return step, [(torch.randn(4, 3), torch.randn(4) * s) for s in (1.0, 0.5, 3.0, 2.0, 5.0)]
