"""MAML: inner steps with autograd.grad and create_graph, outer loss returned."""
import torch
from torch import nn
import torch.nn.functional as F
EXPECT = "graph"

class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(4, 1) * 0.5)
        self.b1 = nn.Parameter(torch.zeros(4))
        self.w2 = nn.Parameter(torch.randn(1, 4) * 0.5)

    def predict(self, x, params):
        w1, b1, w2 = params
        return F.linear(torch.tanh(F.linear(x, w1, b1)), w2)

    def forward(self, xs, ys, xq, yq, lr=0.1):
        params = [self.w1, self.b1, self.w2]
        for _ in range(3):
            loss = F.mse_loss(self.predict(xs, params), ys)
            if loss < 0.05:
                break
            grads = torch.autograd.grad(loss, params, create_graph=True)
            params = [p - lr * g for p, g in zip(params, grads)]
        return F.mse_loss(self.predict(xq, params), yq)

def make():
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 5)[:, None]
    return Learner(), [(x, a * torch.sin(x), x * 2, a * torch.sin(2 * x)) for a in (0.01, 1.0, 3.0)]
