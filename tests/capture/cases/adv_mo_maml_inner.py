"""MAML with an inner loop that stops when the support loss is small."""

import torch
from torch import nn
from torch.func import functional_call

EXPECT = "any"


class Maml(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 1)

    def forward(self, xs, ys, xq, yq):
        params = dict(self.net.named_parameters())
        n = 0
        while n < 4:
            loss = (functional_call(self.net, params, (xs,)) - ys).square().mean()
            if loss < 0.3:
                break
            grads = torch.autograd.grad(loss, params.values(), create_graph=True)
            params = {k: p - 0.1 * g for (k, p), g in zip(params.items(), grads)}
            n += 1
        return (functional_call(self.net, params, (xq,)) - yq).square().mean(), n


def make():
    t = torch.randn
    return Maml(), [(t(4, 2), t(4, 1) * s, t(4, 2), t(4, 1)) for s in (1.0, 3.0, 0.1)]
