"""Latent-variable models: VAEs, vector quantisation, normalising flows, masked autoregression, diffusion."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import distributions as D
from torch import nn

from .entry import Entry, image, rows


class VAE(nn.Module):
    def __init__(self, dim=12, latent=3):
        super().__init__()
        self.fc1 = nn.Linear(dim, 8)
        self.fc21, self.fc22 = nn.Linear(8, latent), nn.Linear(8, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 8), nn.ReLU(), nn.Linear(8, dim), nn.Sigmoid())

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        if self.training:
            std = logvar.mul(0.5).exp_()
            eps = torch.randn_like(std)
            return eps.mul(std).add_(mu)
        return mu

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 12))
        z = self.reparameterize(mu, logvar)
        return self.decoder(z), mu, logvar

    def loss_function(self, recon, x, mu, logvar):
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return {"loss": F.binary_cross_entropy(recon, x, reduction="sum") + kld, "KLD": -kld.detach()}


class VAELoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.vae = VAE()
        self.num_iter = 0

    def forward(self, x, **kwargs):
        self.num_iter += 1
        return self.vae.loss_function(*self.vae(x)[:1], x.view(-1, 12), *self.vae.encode(x.view(-1, 12)))


class DistributionVAE(nn.Module):
    """A VAE written with torch.distributions."""

    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 4)
        self.dec = nn.Linear(2, 6)
        self.register_buffer("prior_loc", torch.zeros(2))

    def forward(self, x):
        loc, raw = self.enc(x).chunk(2, dim=-1)
        posterior = D.Independent(D.Normal(loc, F.softplus(raw) + 1e-4), 1)
        prior = D.Independent(D.Normal(self.prior_loc, torch.ones(2)), 1)
        z = posterior.rsample()
        likelihood = D.Independent(D.Bernoulli(logits=self.dec(z)), 1)
        kl = D.kl_divergence(posterior, prior)
        return (likelihood.log_prob((x > 0).float()) - kl).mean()


class VectorQuantizer(nn.Module):
    """Nearest codebook entry with the straight-through estimator and perplexity."""

    def __init__(self, num_embeddings=6, embedding_dim=4, commitment_cost=0.25):
        super().__init__()
        self._k, self._d, self._commitment_cost = num_embeddings, embedding_dim, commitment_cost
        self._embedding = nn.Embedding(num_embeddings, embedding_dim)
        self._embedding.weight.data.uniform_(-1 / num_embeddings, 1 / num_embeddings)

    def forward(self, inputs):
        inputs = inputs.permute(0, 2, 3, 1).contiguous()
        input_shape = inputs.shape
        flat = inputs.view(-1, self._d)
        weight = self._embedding.weight
        distances = torch.sum(flat**2, dim=1, keepdim=True) + torch.sum(weight**2, dim=1) - 2 * torch.matmul(flat, weight.t())
        encoding_indices = torch.argmin(distances, dim=1).unsqueeze(1)
        encodings = torch.zeros(encoding_indices.shape[0], self._k, device=inputs.device)
        encodings.scatter_(1, encoding_indices, 1)
        quantized = torch.matmul(encodings, weight).view(input_shape)
        e_latent_loss = F.mse_loss(quantized.detach(), inputs)
        loss = F.mse_loss(quantized, inputs.detach()) + self._commitment_cost * e_latent_loss
        quantized = inputs + (quantized - inputs).detach()
        avg_probs = torch.mean(encodings, dim=0)
        perplexity = torch.exp(-torch.sum(avg_probs * torch.log(avg_probs + 1e-10)))
        return loss, quantized.permute(0, 3, 1, 2).contiguous(), perplexity, encodings


class VectorQuantizerEMA(nn.Module):
    """Codebook learned by moving averages in buffers, changed in place in training."""

    def __init__(self, dim=4, n_embed=5, decay=0.99, eps=1e-5):
        super().__init__()
        self.decay, self.eps, self.n_embed = decay, eps, n_embed
        embed = torch.randn(dim, n_embed)
        self.register_buffer("embed", embed)
        self.register_buffer("cluster_size", torch.zeros(n_embed))
        self.register_buffer("embed_avg", embed.clone())

    def forward(self, input):
        flatten = input.reshape(-1, input.shape[-1])
        dist = flatten.pow(2).sum(1, keepdim=True) - 2 * flatten @ self.embed + self.embed.pow(2).sum(0, keepdim=True)
        _, embed_ind = (-dist).max(1)
        embed_onehot = F.one_hot(embed_ind, self.n_embed).type(flatten.dtype)
        embed_ind = embed_ind.view(*input.shape[:-1])
        quantize = F.embedding(embed_ind, self.embed.transpose(0, 1))
        if self.training:
            self.cluster_size.data.mul_(self.decay).add_(embed_onehot.sum(0), alpha=1 - self.decay)
            self.embed_avg.data.mul_(self.decay).add_(flatten.transpose(0, 1) @ embed_onehot, alpha=1 - self.decay)
            n = self.cluster_size.sum()
            cluster_size = (self.cluster_size + self.eps) / (n + self.n_embed * self.eps) * n
            self.embed.data.copy_(self.embed_avg / cluster_size.unsqueeze(0))
        diff = (quantize.detach() - input).pow(2).mean()
        return input + (quantize - input).detach(), diff, embed_ind


class GumbelVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec, self.temp = nn.Linear(6, 2 * 4), nn.Linear(8, 6), 1.0

    def forward(self, x, hard=False):
        q = self.enc(x).view(-1, 2, 4)
        y = F.gumbel_softmax(q, tau=self.temp, hard=hard, dim=-1)
        kl = torch.sum(F.softmax(q, -1) * (F.log_softmax(q, -1) - math.log(1.0 / 4)), dim=(1, 2)).mean()
        return torch.sigmoid(self.dec(y.flatten(1))), kl


class AffineCoupling(nn.Module):
    def __init__(self, dim, reverse_mask):
        super().__init__()
        mask = torch.arange(dim) % 2
        self.register_buffer("mask", (1 - mask if reverse_mask else mask).float())
        self.net = nn.Sequential(nn.Linear(dim, 8), nn.Tanh(), nn.Linear(8, 2 * dim))

    def forward(self, x, log_det, reverse=False):
        s, t = self.net(x * self.mask).chunk(2, dim=-1)
        s = torch.tanh(s) * (1 - self.mask)
        t = t * (1 - self.mask)
        if reverse:
            return (x - t) * torch.exp(-s), log_det - s.sum(-1)
        return x * torch.exp(s) + t, log_det + s.sum(-1)


class ActNorm(nn.Module):
    """Initialises itself from the first batch; the flag is a Python attribute."""

    def __init__(self, dim):
        super().__init__()
        self.loc, self.log_scale = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.initialized = False

    def forward(self, x, log_det):
        if not self.initialized and self.training:
            with torch.no_grad():
                self.loc.data.copy_(-x.mean(0))
                self.log_scale.data.copy_(-torch.log(x.std(0) + 1e-6))
            self.initialized = True
        return (x + self.loc) * self.log_scale.exp(), log_det + self.log_scale.sum()


class InvertibleLinear(nn.Module):
    def __init__(self, dim):
        super().__init__()
        w, _ = np.linalg.qr(np.random.RandomState(0).randn(dim, dim))
        self.weight = nn.Parameter(torch.from_numpy(w.astype("float32")))

    def forward(self, x, log_det, reverse=False):
        weight = torch.inverse(self.weight.double()).float() if reverse else self.weight
        sign = -1 if reverse else 1
        return x @ weight.t(), log_det + sign * torch.slogdet(self.weight)[1]


class Flow(nn.Module):
    def __init__(self, dim=4, actnorm=True):
        super().__init__()
        self.layers = nn.ModuleList()
        for i in range(2):
            self.layers += ([ActNorm(dim)] if actnorm else []) + [InvertibleLinear(dim), AffineCoupling(dim, i % 2 == 0)]

    def forward(self, x):
        log_det = x.new_zeros(x.size(0))
        for layer in self.layers:
            x, log_det = layer(x, log_det)
        return x, (-0.5 * (x**2 + math.log(2 * math.pi))).sum(-1) + log_det

    @torch.no_grad()
    def sample(self, n):
        z, log_det = torch.randn(n, 4), torch.zeros(n)
        for layer in reversed(self.layers):
            z, log_det = layer(z, log_det, reverse=True)
        return z


class FlowSampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.flow = Flow(actnorm=False)

    def forward(self, like):
        return self.flow.sample(like.size(0)) + like


class PlanarFlow(nn.Module):
    def __init__(self, dim=3):
        super().__init__()
        self.u, self.w, self.b = (nn.Parameter(torch.randn(n)) for n in (dim, dim, 1))

    def forward(self, z):
        wu = torch.dot(self.w, self.u)
        u = self.u
        if wu < -1:
            u = u + (-1 + F.softplus(wu) - wu) * self.w / (self.w @ self.w)
        a = torch.tanh(z @ self.w + self.b)
        psi = (1 - a.unsqueeze(-1) ** 2) * self.w
        return z + u * a.unsqueeze(-1), torch.log(torch.abs(1 + psi @ u) + 1e-8)


class MaskedLinear(nn.Linear):
    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.register_buffer("mask", torch.ones(out_features, in_features))

    def set_mask(self, mask):
        self.mask.data.copy_(torch.from_numpy(mask.astype(np.uint8).T))

    def forward(self, input):
        return F.linear(input, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    """Masked autoencoder; its inverse fills one dimension after the other."""

    def __init__(self, dim=4, hidden=6, num_masks=2):
        super().__init__()
        self.dim, self.hidden, self.num_masks, self.seed = dim, hidden, num_masks, 0
        self.fc1, self.fc2 = MaskedLinear(dim, hidden), MaskedLinear(hidden, dim)
        self.update_masks()

    def update_masks(self):
        rng = np.random.RandomState(self.seed)
        self.seed = (self.seed + 1) % self.num_masks
        order, degrees = np.arange(self.dim), rng.randint(0, self.dim - 1, size=self.hidden)
        self.fc1.set_mask(order[:, None] <= degrees[None, :])
        self.fc2.set_mask(degrees[:, None] < order[None, :])

    def net(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def forward(self, z):
        x = torch.zeros_like(z)
        for i in range(self.dim):
            x[:, i] = z[:, i] + self.net(x.clone())[:, i]
        return x


class PixelCNNLayer(nn.Conv2d):
    def __init__(self, mask_type, *args, **kwargs):
        super().__init__(*args, **kwargs)
        assert mask_type in {"A", "B"}
        self.register_buffer("mask", self.weight.data.clone())
        _, _, kh, kw = self.weight.size()
        self.mask.fill_(1)
        self.mask[:, :, kh // 2, kw // 2 + (mask_type == "B") :] = 0
        self.mask[:, :, kh // 2 + 1 :] = 0

    def forward(self, x):
        self.weight.data *= self.mask
        return super().forward(x)


class SinusoidalTime(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        emb = math.log(10000) / (half - 1)
        emb = torch.exp(torch.arange(half, device=time.device) * -emb)
        emb = time[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


def extract(a, t, x_shape):
    b, *_ = t.shape
    return a.gather(-1, t).reshape(b, *((1,) * (len(x_shape) - 1)))


class Diffusion(nn.Module):
    """DDPM's training loss: random steps, noised images, a small time-conditioned net."""

    def __init__(self, timesteps=10, loss_type="l2"):
        super().__init__()
        alphas_cumprod = torch.cumprod(1.0 - torch.linspace(1e-4, 0.2, timesteps), dim=0)
        self.num_timesteps, self.loss_type = timesteps, loss_type
        self.register_buffer("sqrt_alphas_cumprod", torch.sqrt(alphas_cumprod))
        self.register_buffer("sqrt_one_minus", torch.sqrt(1 - alphas_cumprod))
        self.time = nn.Sequential(SinusoidalTime(8), nn.Linear(8, 6), nn.GELU())
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 3, 3, padding=1)

    def model(self, x, t):
        scale, shift = self.time(t).reshape(x.size(0), 6, 1, 1).chunk(2, dim=1)
        h = self.conv1(x)
        return self.conv2(F.silu(h * (scale.repeat(1, 2, 1, 1) + 1) + shift.repeat(1, 2, 1, 1)))

    def forward(self, x, noise=None):
        t = torch.randint(0, self.num_timesteps, (x.shape[0],), device=x.device).long()
        noise = torch.randn_like(x) if noise is None else noise
        noisy = extract(self.sqrt_alphas_cumprod, t, x.shape) * x + extract(self.sqrt_one_minus, t, x.shape) * noise
        if self.loss_type == "l1":
            return F.l1_loss(noise, self.model(noisy, t))
        elif self.loss_type == "l2":
            return F.mse_loss(noise, self.model(noisy, t))
        raise ValueError(f"invalid loss type {self.loss_type}")


class DiffusionSampler(nn.Module):
    """The reverse chain with its loop over steps and no noise at the last one."""

    def __init__(self):
        super().__init__()
        self.diffusion = Diffusion(timesteps=4)

    @torch.no_grad()
    def forward(self, img):
        for i in reversed(range(0, self.diffusion.num_timesteps)):
            t = torch.full((img.shape[0],), i, dtype=torch.long)
            mean = img - 0.1 * self.diffusion.model(img, t)
            img = mean + 0.1 * torch.randn_like(img) if i > 0 else mean
        return img.clamp(-1, 1)


ENTRIES = [
    Entry("vae", VAE, lambda: (torch.rand(4, 3, 4),)),
    Entry("vae_eval", VAE, lambda: (torch.rand(4, 3, 4),), train=False),
    Entry("vae_loss_dict", VAELoss, lambda: (torch.rand(4, 3, 4),)),
    Entry("vae_distributions", DistributionVAE, rows(3, 6)),
    Entry("vector_quantizer", VectorQuantizer, image(3, 4)),
    Entry("vector_quantizer_ema", VectorQuantizerEMA, lambda: (torch.randn(2, 3, 4),)),
    Entry("gumbel_vae", GumbelVAE, rows(3, 6)),
    Entry("gumbel_vae_hard", GumbelVAE, lambda: (torch.randn(3, 6), True)),
    Entry("flow_glow", lambda: Flow(actnorm=False), rows(3, 4)),
    Entry("flow_actnorm_first_batch", Flow, rows(6, 4)),
    Entry("flow_sample", FlowSampler, rows(3, 4), train=False),
    Entry("planar_flow", PlanarFlow, rows(4, 3)),
    Entry("made_inverse", MADE, rows(3, 4)),
    Entry("pixel_cnn", lambda: nn.Sequential(PixelCNNLayer("A", 1, 3, 3, 1, 1), nn.ReLU(), PixelCNNLayer("B", 3, 2, 3, 1, 1)), image(6, 1)),
    Entry("diffusion_loss", Diffusion, image(6)),
    Entry("diffusion_loss_l1", lambda: Diffusion(loss_type="l1"), image(6)),
    Entry("diffusion_sampler", DiffusionSampler, image(6), train=False),
]
