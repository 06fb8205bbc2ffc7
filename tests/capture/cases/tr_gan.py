"""GAN step with two Adam optimizers; the generator is trained only when D is good enough."""
import torch
from torch import nn
import torch.nn.functional as F
EXPECT = "graph"
MAX_GRAPHS = 3

class GAN:
    def __init__(self):
        self.G = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
        self.D = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(0.2), nn.Linear(4, 1))
        self.opt_g = torch.optim.Adam(self.G.parameters(), lr=0.01, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=0.01, betas=(0.5, 0.999))

    def step(self, real):
        ones, zeros = torch.ones(real.size(0), 1), torch.zeros(real.size(0), 1)
        noise = torch.randn(real.size(0), 2)
        fake = self.G(noise)
        self.opt_d.zero_grad()
        d_loss = F.binary_cross_entropy_with_logits(self.D(real), ones)
        d_loss = d_loss + F.binary_cross_entropy_with_logits(self.D(fake.detach()), zeros)
        d_loss.backward()
        self.opt_d.step()
        g_loss = None
        if d_loss < 1.4:
            self.opt_g.zero_grad()
            g_loss = F.binary_cross_entropy_with_logits(self.D(fake), ones)
            g_loss.backward()
            self.opt_g.step()
            g_loss = g_loss.item()
        return d_loss.item(), g_loss

def make():
    torch.manual_seed(0)
    gan = GAN()
    return gan.step, [(torch.randn(4, 2) + s,) for s in (0.0, 4.0, 0.0, 8.0)]

def state(program):
    g = program.__self__
    return [g.G.state_dict(), g.D.state_dict()]
