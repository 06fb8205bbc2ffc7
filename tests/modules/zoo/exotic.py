"""Less common architectures: capsules, memory networks, hypernetworks, splines, radiance fields, Fourier operators."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


def squash(s, dim=-1):
    squared_norm = torch.sum(s**2, dim=dim, keepdim=True)
    return squared_norm / (1 + squared_norm) * s / (torch.sqrt(squared_norm) + 1e-8)


class CapsuleLayer(nn.Module):
    """Dynamic routing: logits updated for a fixed number of rounds, gradients only through the last."""

    def __init__(self, in_caps=6, in_dim=3, caps=2, dim=4, routings=3):
        super().__init__()
        self.W = nn.Parameter(0.1 * torch.randn(1, caps, in_caps, dim, in_dim))
        self.routings, self.caps, self.in_caps = routings, caps, in_caps

    def forward(self, x):
        u_hat = torch.matmul(self.W, x.unsqueeze(1).unsqueeze(4)).squeeze(-1)
        temp_u_hat = u_hat.detach()
        b = torch.zeros(x.size(0), self.caps, self.in_caps, 1).to(x.device)
        for i in range(self.routings):
            c = b.softmax(dim=1)
            if i == self.routings - 1:
                v = squash((c * u_hat).sum(dim=2))
            else:
                v = squash((c * temp_u_hat).sum(dim=2))
                b = b + torch.matmul(temp_u_hat, v.unsqueeze(-1))
        return v, torch.sqrt((v**2).sum(-1))


class MemN2N(nn.Module):
    """Memory network whose hop tables are made by add_module and reached by an indexing helper."""

    def __init__(self, hops=2, vocab=10, dim=4):
        super().__init__()
        self.hops = hops
        for hop in range(hops + 1):
            c = nn.Embedding(vocab, dim, padding_idx=0)
            c.weight.data.normal_(0, 0.1)
            self.add_module(f"C_{hop}", c)
        self.C = AttrProxy(self, "C_")
        self.encoding = nn.Parameter(torch.ones(3, dim), requires_grad=False)

    def forward(self, stories, query):
        u = [torch.sum(self.C[0](query), 1)]
        for hop in range(self.hops):
            s = stories.size()
            embed_a = self.C[hop](stories.contiguous().view(s[0], -1)).view(*s, -1)
            m_a = torch.sum(embed_a * self.encoding, 2)
            prob = F.softmax(torch.sum(m_a * u[-1].unsqueeze(1), 2), dim=-1)
            m_c = torch.sum(self.C[hop + 1](stories.view(s[0], -1)).view(*s, -1) * self.encoding, 2)
            u.append(u[-1] + torch.sum(m_c * prob.unsqueeze(2), 1))
        a_hat = u[-1] @ self.C[self.hops].weight.transpose(0, 1)
        return a_hat, F.softmax(a_hat, dim=-1)


class AttrProxy:
    def __init__(self, module, prefix):
        self.module, self.prefix = module, prefix

    def __getitem__(self, i):
        return getattr(self.module, self.prefix + str(i))


class HyperNetwork(nn.Module):
    """A net whose convolution kernel is produced from a layer embedding."""

    def __init__(self, z_dim=4, channels=3):
        super().__init__()
        self.z = nn.ParameterList([nn.Parameter(torch.randn(z_dim)) for _ in range(2)])
        self.w1, self.b1 = nn.Parameter(torch.randn(z_dim, channels * z_dim) * 0.1), nn.Parameter(torch.zeros(channels * z_dim))
        self.w2, self.b2 = nn.Parameter(torch.randn(z_dim, channels * 9) * 0.1), nn.Parameter(torch.zeros(channels * 9))
        self.channels, self.z_dim = channels, z_dim

    def kernel(self, z):
        h = torch.matmul(z, self.w1) + self.b1
        return (torch.matmul(h.view(self.channels, self.z_dim), self.w2) + self.b2).view(self.channels, self.channels, 3, 3)

    def forward(self, x):
        for z in self.z:
            x = F.relu(F.conv2d(x, self.kernel(z), padding=1))
        return x


class MixtureDensity(nn.Module):
    def __init__(self, dim=3, out=2, k=4):
        super().__init__()
        self.pi, self.mu, self.sigma = nn.Linear(dim, k), nn.Linear(dim, k * out), nn.Linear(dim, k * out)
        self.k, self.out = k, out

    def forward(self, x, target=None):
        log_pi = F.log_softmax(self.pi(x), -1)
        mu, sigma = self.mu(x).view(-1, self.k, self.out), torch.exp(self.sigma(x)).view(-1, self.k, self.out) + 1e-3
        if target is None:
            picks = torch.multinomial(log_pi.exp(), 1)
            rows = torch.arange(len(x))
            return mu[rows, picks[:, 0]] + sigma[rows, picks[:, 0]] * torch.randn(len(x), self.out)
        z = (target.unsqueeze(1) - mu) / sigma
        log_prob = (-0.5 * z**2 - sigma.log() - 0.5 * math.log(2 * math.pi)).sum(-1)
        return -torch.logsumexp(log_pi + log_prob, dim=-1).mean()


class KANLinear(nn.Module):
    """B-spline basis by the Cox-de Boor recursion on a grid in a buffer."""

    def __init__(self, in_features=3, out_features=2, grid_size=4, order=2):
        super().__init__()
        h = 2.0 / grid_size
        grid = (torch.arange(-order, grid_size + order + 1) * h - 1).expand(in_features, -1).contiguous()
        self.register_buffer("grid", grid)
        self.order, self.in_features, self.out_features = order, in_features, out_features
        self.base_weight = nn.Parameter(torch.randn(out_features, in_features))
        self.spline_weight = nn.Parameter(torch.randn(out_features, in_features, grid_size + order))

    def b_splines(self, x):
        assert x.dim() == 2 and x.size(1) == self.in_features
        grid, x = self.grid, x.unsqueeze(-1)
        bases = ((x >= grid[:, :-1]) & (x < grid[:, 1:])).to(x.dtype)
        for k in range(1, self.order + 1):
            left = (x - grid[:, : -(k + 1)]) / (grid[:, k:-1] - grid[:, : -(k + 1)]) * bases[:, :, :-1]
            right = (grid[:, k + 1 :] - x) / (grid[:, k + 1 :] - grid[:, 1:(-k)]) * bases[:, :, 1:]
            bases = left + right
        return bases.contiguous()

    def forward(self, x):
        spline = F.linear(self.b_splines(x).view(x.size(0), -1), self.spline_weight.view(self.out_features, -1))
        return F.linear(F.silu(x), self.base_weight) + spline


class Siren(nn.Module):
    class SineLayer(nn.Module):
        def __init__(self, a, b, is_first=False, omega_0=30):
            super().__init__()
            self.omega_0, self.is_first, self.in_features = omega_0, is_first, a
            self.linear = nn.Linear(a, b)
            with torch.no_grad():
                bound = 1 / a if is_first else np.sqrt(6 / a) / omega_0
                self.linear.weight.uniform_(-bound, bound)

        def forward(self, input):
            return torch.sin(self.omega_0 * self.linear(input))

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(Siren.SineLayer(2, 5, True), Siren.SineLayer(5, 5), nn.Linear(5, 1))

    def forward(self, coords):
        coords = coords.clone().detach().requires_grad_(True)
        output = self.net(coords)
        return output, coords


class NeRF(nn.Module):
    """Positional encoding by a list of lambdas, skips, view directions, volume rendering of the samples."""

    def __init__(self, depth=3, width=6, skips=(1,), use_viewdirs=True):
        super().__init__()
        self.embed_fns = [lambda x: x] + [(lambda x, p=p, f=f: p(x * f)) for f in (1.0, 2.0) for p in (torch.sin, torch.cos)]
        self.skips, self.use_viewdirs = skips, use_viewdirs
        dim = 3 * len(self.embed_fns)
        self.pts_linears = nn.ModuleList(
            [nn.Linear(dim, width)] + [nn.Linear(width if i not in skips else width + dim, width) for i in range(depth - 1)]
        )
        self.alpha_linear, self.rgb_linear = nn.Linear(width, 1), nn.Linear(width + dim if use_viewdirs else width, 3)

    def embed(self, x):
        return torch.cat([fn(x) for fn in self.embed_fns], -1)

    def render(self, raw, z_vals, rays_d, raw_noise_std=0.0):
        raw2alpha = lambda raw, dists, act_fn=F.relu: 1.0 - torch.exp(-act_fn(raw) * dists)  # noqa: E731
        dists = z_vals[..., 1:] - z_vals[..., :-1]
        dists = torch.cat([dists, torch.Tensor([1e10]).expand(dists[..., :1].shape)], -1) * torch.norm(rays_d[..., None, :], dim=-1)
        noise = 0.0
        if raw_noise_std > 0.0:
            noise = torch.randn(raw[..., 3].shape) * raw_noise_std
        alpha = raw2alpha(raw[..., 3] + noise, dists)
        shifted = torch.cat([torch.ones((alpha.shape[0], 1)), 1.0 - alpha + 1e-10], -1)
        weights = alpha * torch.cumprod(shifted, -1)[:, :-1]
        return torch.sum(weights[..., None] * torch.sigmoid(raw[..., :3]), -2), torch.sum(weights * z_vals, -1)

    def forward(self, rays_o, rays_d, samples=4):
        z_vals = torch.linspace(0.0, 1.0, steps=samples).expand(rays_o.shape[0], samples)
        if self.training:
            mids = 0.5 * (z_vals[..., 1:] + z_vals[..., :-1])
            upper, lower = torch.cat([mids, z_vals[..., -1:]], -1), torch.cat([z_vals[..., :1], mids], -1)
            z_vals = lower + (upper - lower) * torch.rand(z_vals.shape)
        pts = self.embed(rays_o[..., None, :] + rays_d[..., None, :] * z_vals[..., :, None])
        h = pts
        for i, _ in enumerate(self.pts_linears):
            h = F.relu(self.pts_linears[i](h))
            if i in self.skips:
                h = torch.cat([pts, h], -1)
        alpha = self.alpha_linear(h)
        if self.use_viewdirs:
            dirs = self.embed(rays_d / rays_d.norm(dim=-1, keepdim=True))[:, None].expand(-1, samples, -1)
            h = torch.cat([h, dirs], -1)
        return self.render(torch.cat([self.rgb_linear(h), alpha], -1), z_vals, rays_d)


class RBFNetwork(nn.Module):
    def __init__(self, basis="gaussian"):
        super().__init__()
        self.centres, self.log_sigmas = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.zeros(4))
        self.basis_func = {"gaussian": lambda a: torch.exp(-a.pow(2)), "linear": lambda a: a}[basis]
        self.linear = nn.Linear(4, 2)

    def forward(self, input):
        size = (input.size(0), 4, 3)
        x, c = input.unsqueeze(1).expand(size), self.centres.unsqueeze(0).expand(size)
        distances = (x - c).pow(2).sum(-1).pow(0.5) / torch.exp(self.log_sigmas).unsqueeze(0)
        return self.linear(self.basis_func(distances))


class SpectralConv2d(nn.Module):
    """Fourier neural operator layer with complex weights on the low modes."""

    def __init__(self, a=2, b=2, modes=2):
        super().__init__()
        self.modes, self.out_channels = modes, b
        self.weights1 = nn.Parameter(torch.rand(a, b, modes, modes, dtype=torch.cfloat) / (a * b))
        self.weights2 = nn.Parameter(torch.rand(a, b, modes, modes, dtype=torch.cfloat) / (a * b))
        self.w = nn.Conv2d(a, b, 1)

    def compl_mul2d(self, input, weights):
        return torch.einsum("bixy,ioxy->boxy", input, weights)

    def forward(self, x):
        x_ft, m = torch.fft.rfft2(x), self.modes
        out_ft = torch.zeros(x.shape[0], self.out_channels, x.size(-2), x.size(-1) // 2 + 1, dtype=torch.cfloat)
        out_ft[:, :, :m, :m] = self.compl_mul2d(x_ft[:, :, :m, :m], self.weights1)
        out_ft[:, :, -m:, :m] = self.compl_mul2d(x_ft[:, :, -m:, :m], self.weights2)
        return F.gelu(torch.fft.irfft2(out_ft, s=(x.size(-2), x.size(-1))) + self.w(x))


def rays():
    return torch.randn(3, 3), torch.randn(3, 3)


ENTRIES = [
    Entry("capsules", CapsuleLayer, lambda: (torch.randn(2, 6, 3),)),
    Entry("memory_network", MemN2N, lambda: (torch.randint(10, (2, 4, 3)), torch.randint(10, (2, 3)))),
    Entry("hyper_network", HyperNetwork, lambda: (torch.randn(2, 3, 5, 5),)),
    Entry("mixture_density", MixtureDensity, lambda: (torch.randn(3, 3), torch.randn(3, 2))),
    Entry("mixture_density_sample", MixtureDensity, lambda: (torch.randn(3, 3),), train=False),
    Entry("kan", KANLinear, lambda: (torch.randn(4, 3) * 0.4,)),
    Entry("siren", Siren, lambda: (torch.rand(4, 2),)),
    Entry("nerf", NeRF, rays),
    Entry("nerf_eval", lambda: NeRF(use_viewdirs=False), rays, train=False),
    Entry("rbf", RBFNetwork, lambda: (torch.randn(3, 3),)),
    Entry("fourier_operator", SpectralConv2d, lambda: (torch.randn(2, 2, 6, 6),)),
]
