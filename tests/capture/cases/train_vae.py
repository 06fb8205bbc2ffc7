"""A variational autoencoder: noise only in training, and free bits (a conditional) on the divergence."""
import torch
from torch import nn

EXPECT = "graph"


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(2, 4)

    def forward(self, x):
        mean, log_var = self.encoder(x).chunk(2, dim=-1)
        z = mean
        if log_var.mean() > -1.0:
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        reconstruction = self.decoder(z)
        divergence = -0.5 * (1 + log_var - mean ** 2 - log_var.exp()).sum(-1).mean()
        loss = ((reconstruction - x) ** 2).sum(-1).mean()
        if divergence > 0.5:
            loss = loss + divergence
        else:
            loss = loss + 0.5
        return loss, z


def make():
    torch.manual_seed(0)
    model = VAE()
    x = torch.tensor([[1.0, -1.0, 0.5, 2.0], [0.0, 1.0, 0.0, -1.0]])
    return model, [(x,), (x * 0.1,), (x * 9.0,), (torch.tensor([[4.0, 4.0, -4.0, 4.0], [4.0, -4.0, -4.0, 4.0]]),)]
