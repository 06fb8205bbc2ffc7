"""A GAN step: the discriminator is skipped when it is too strong; manual SGD on parameters."""

import torch
from torch import nn

EXPECT = "graph"


class Gan(nn.Module):
    def __init__(self):
        super().__init__()
        self.g, self.d = nn.Linear(2, 2), nn.Linear(2, 1)
        self.skipped = 0

    def forward(self, real):
        noise = torch.randn(4, 2)
        fake = self.g(noise)
        loss_d = nn.functional.softplus(-self.d(real)).mean() + nn.functional.softplus(self.d(fake.detach())).mean()
        if loss_d > 1.0:
            grads = torch.autograd.grad(loss_d, list(self.d.parameters()))
            with torch.no_grad():
                for p, g in zip(self.d.parameters(), grads):
                    p -= 0.5 * g
        else:
            self.skipped += 1
        loss_g = nn.functional.softplus(-self.d(fake)).mean()
        grads = torch.autograd.grad(loss_g, list(self.g.parameters()))
        with torch.no_grad():
            for p, g in zip(self.g.parameters(), grads):
                p -= 0.1 * g
        return loss_d.detach(), loss_g.detach()


def make():
    return Gan(), [(torch.randn(4, 2) + s,) for s in (0.0, 2.0, 9.0, 0.0)]
