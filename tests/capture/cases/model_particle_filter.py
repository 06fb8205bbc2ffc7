"""A particle filter that resamples only when the effective number of particles is small."""
import torch

EXPECT = "graph"


def particle_filter(observations, spread):
    particles = torch.randn(8)
    weights = torch.full((8,), 0.125)
    resampled = 0
    for observation in observations:
        particles = particles + 0.3 * torch.randn(8)
        weights = weights * torch.exp(-((particles - observation) / spread) ** 2)
        weights = weights / weights.sum()
        if 1.0 / (weights * weights).sum() < 4.0:
            index = torch.multinomial(weights, 8, replacement=True)
            particles = particles[index]
            weights = torch.full((8,), 0.125)
            resampled += 1
    return (particles * weights).sum(), resampled


def make():
    def call(spread):
        return torch.tensor([0.1, 0.3, 0.2], requires_grad=True), torch.tensor(spread)

    return particle_filter, [call(9.0), call(0.5), call(1.0)]
