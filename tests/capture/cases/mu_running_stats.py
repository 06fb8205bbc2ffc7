"""Own BatchNorm with running statistics and a warm-up counter."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class MyNorm(nn.Module):
    def __init__(self, dim, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("var", torch.ones(dim))
        self.seen = 0
        self.momentum = momentum

    def forward(self, x):
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            with torch.no_grad():
                if self.seen == 0:
                    self.mean.copy_(mean)
                    self.var.copy_(var)
                else:
                    self.mean.lerp_(mean, self.momentum)
                    self.var.lerp_(var, self.momentum)
                if (self.var < 0.6).any():
                    self.var.clamp_(min=0.6)
            self.seen += 1
        else:
            mean, var = self.mean, self.var
        return self.weight * (x - mean) / (var + 1e-5).sqrt()

def make():
    torch.manual_seed(0)
    return MyNorm(3), [(torch.randn(4, 3),), (torch.randn(4, 3) * 2,), (torch.zeros(4, 3),), (torch.randn(5, 3, requires_grad=True),), (torch.randn(4, 3),)]

def before_call(program, number):
    program.train(number != 4)
