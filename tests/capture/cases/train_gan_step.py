"""One GAN step: the discriminator is trained, the generator only when the discriminator is ahead."""
import torch
from torch import nn
import torch.nn.functional as F

EXPECT = "any"


class GAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Linear(2, 2)
        self.discriminator = nn.Linear(2, 1)
        self.g_optimizer = torch.optim.SGD(self.generator.parameters(), lr=0.1)
        self.d_optimizer = torch.optim.SGD(self.discriminator.parameters(), lr=0.1)

    def forward(self, real, ahead):
        noise = torch.randn(real.shape[0], 2)
        fake = self.generator(noise)
        d_loss = F.softplus(-self.discriminator(real)).mean() + F.softplus(self.discriminator(fake.detach())).mean()
        self.d_optimizer.zero_grad()
        d_loss.backward()
        self.d_optimizer.step()
        g_loss = torch.zeros(())
        if d_loss < ahead:
            g_loss = F.softplus(-self.discriminator(fake)).mean()
            self.g_optimizer.zero_grad()
            g_loss.backward()
            self.g_optimizer.step()
        return d_loss.detach(), g_loss.detach()


def make():
    torch.manual_seed(0)
    model = GAN()
    real = torch.tensor([[1.0, 2.0], [2.0, 1.0], [1.5, 1.5]])
    return model, [(real, torch.tensor(a)) for a in (9.0, 0.0, 1.2)]
