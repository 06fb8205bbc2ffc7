"""What modules do for training: teacher and queue, moving averages, quantisation, custom gradients, checkpointing, norms."""

import copy
from contextlib import nullcontext

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from .entry import Entry


class MoCo(nn.Module):
    """Momentum encoder and a ring buffer of negatives whose pointer is a buffer."""

    def __init__(self, dim=4, K=8, m=0.99, T=0.07):
        super().__init__()
        self.K, self.m, self.T = K, m, T
        self.encoder_q = nn.Linear(3, dim)
        self.encoder_k = copy.deepcopy(self.encoder_q)
        for param_q, param_k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            param_k.data.copy_(param_q.data)
            param_k.requires_grad = False
        self.register_buffer("queue", F.normalize(torch.randn(dim, K), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def _momentum_update_key_encoder(self):
        for param_q, param_k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            param_k.data = param_k.data * self.m + param_q.data * (1.0 - self.m)

    @torch.no_grad()
    def _dequeue_and_enqueue(self, keys):
        batch_size = keys.shape[0]
        ptr = int(self.queue_ptr)
        assert self.K % batch_size == 0
        self.queue[:, ptr : ptr + batch_size] = keys.T
        ptr = (ptr + batch_size) % self.K
        self.queue_ptr[0] = ptr

    def forward(self, im_q, im_k):
        q = F.normalize(self.encoder_q(im_q), dim=1)
        with torch.no_grad():
            self._momentum_update_key_encoder()
            k = F.normalize(self.encoder_k(im_k), dim=1)
        l_pos = torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1)
        l_neg = torch.einsum("nc,ck->nk", [q, self.queue.clone().detach()])
        logits = torch.cat([l_pos, l_neg], dim=1) / self.T
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        self._dequeue_and_enqueue(k)
        return logits, labels


class BYOL(nn.Module):
    """An online net against a moving-average target, symmetric in the two views."""

    def __init__(self, decay=0.9):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(inplace=True), nn.Linear(5, 4))
        self.predictor, self.target, self.decay = nn.Linear(4, 4), None, decay

    def _target(self):
        if self.target is None:
            self.target = copy.deepcopy(self.online)
            for p in self.target.parameters():
                p.requires_grad = False
        return self.target

    def loss(self, x, y):
        return 2 - 2 * (F.normalize(x, dim=-1) * F.normalize(y, dim=-1)).sum(dim=-1)

    def forward(self, one, two):
        p1, p2 = self.predictor(self.online(one)), self.predictor(self.online(two))
        with torch.no_grad():
            target = self._target()
            t1, t2 = target(one).detach(), target(two).detach()
        return (self.loss(p1, t2) + self.loss(p2, t1)).mean()


class Siamese(nn.Module):
    def __init__(self, detach=True):
        super().__init__()
        self.net, self.predictor, self.stop = nn.Linear(3, 4), nn.Linear(4, 4), detach

    def forward_once(self, x):
        return self.net(x).view(x.size()[0], -1)

    def forward(self, x1, x2):
        z1, z2 = self.forward_once(x1), self.forward_once(x2)
        with torch.no_grad() if self.stop else nullcontext():
            t1, t2 = z1 * 1, z2 * 1
        return -(F.cosine_similarity(self.predictor(z1), t2).mean() + F.cosine_similarity(self.predictor(z2), t1).mean()) / 2


class EMANormalizer(nn.Module):
    """Centres outputs by a moving average kept in a buffer, as DINO does; the first batch sets it."""

    def __init__(self, dim=3):
        super().__init__()
        self.register_buffer("center", torch.zeros(1, dim))
        self.register_buffer("initted", torch.tensor(False))

    @torch.no_grad()
    def update(self, x):
        batch_center = x.mean(0, keepdim=True)
        if not self.initted:
            self.center.copy_(batch_center)
            self.initted.fill_(True)
        else:
            self.center = self.center * 0.9 + batch_center * 0.1

    def forward(self, x):
        out = F.softmax((x - self.center) / 0.5, dim=-1)
        if self.training:
            self.update(x)
        return out


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, bits):
        n = 2**bits - 1
        return torch.round(x * n) / n

    @staticmethod
    def backward(ctx, grad):
        return grad, None


class QuantConv(nn.Conv2d):
    """DoReFa-like weights and activations; observed range in buffers."""

    def __init__(self, *args, bits=3, **kwargs):
        super().__init__(*args, **kwargs)
        self.bits = bits
        self.register_buffer("max_seen", torch.zeros(1))

    def forward(self, x):
        if self.training:
            self.max_seen = torch.max(self.max_seen, x.detach().abs().max())
        w = torch.tanh(self.weight)
        w = 2 * RoundSTE.apply(w / (2 * torch.max(torch.abs(w)).detach()) + 0.5, self.bits) - 1
        x = RoundSTE.apply(torch.clamp(x / self.max_seen.clamp(min=1e-3), 0, 1), self.bits)
        return self._conv_forward(x, w, self.bias)


class BinaryActivation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.sign()

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input.ge(1)] = 0
        grad_input[input.le(-1)] = 0
        return grad_input


class BinaryLinear(nn.Linear):
    """XNOR-like layer that keeps real weights beside the binary ones it writes into ``data``."""

    def forward(self, input):
        input = BinaryActivation.apply(input)
        if not hasattr(self.weight, "org"):
            self.weight.org = self.weight.data.clone()
        self.weight.data = self.weight.org.sign()
        return F.linear(input, self.weight) + (self.bias.view(1, -1).expand(input.size(0), -1) if self.bias is not None else 0)


class Checkpointed(nn.Module):
    def __init__(self, use_checkpoint=True):
        super().__init__()
        self.blocks, self.use_checkpoint = nn.ModuleList(nn.Linear(3, 3) for _ in range(2)), use_checkpoint

    def forward(self, x):
        for block in self.blocks:
            if self.use_checkpoint and self.training:
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x)
        return x


class WeightStandardConv(nn.Conv2d):
    def forward(self, x):
        weight = self.weight
        weight_mean = weight.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True).mean(dim=3, keepdim=True)
        weight = weight - weight_mean
        std = weight.view(weight.size(0), -1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
        return F.conv2d(x, weight / std.expand_as(weight), self.bias, self.stride, self.padding, self.dilation, self.groups)


class SwitchNorm(nn.Module):
    """Instance, layer and batch statistics mixed by learned weights, with running buffers."""

    def __init__(self, channels=4, momentum=0.9):
        super().__init__()
        self.mean_weight, self.var_weight = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
        self.register_buffer("running_mean", torch.zeros(1, channels, 1))
        self.register_buffer("running_var", torch.zeros(1, channels, 1))
        self.momentum = momentum

    def forward(self, x):
        if x.dim() != 4:
            raise ValueError(f"expected 4D input (got {x.dim()}D input)")
        N, C, H, W = x.size()
        x = x.view(N, C, -1)
        mean_in, var_in = x.mean(-1, keepdim=True), x.var(-1, keepdim=True)
        temp = var_in + mean_in**2
        mean_ln, var_ln = mean_in.mean(1, keepdim=True), temp.mean(1, keepdim=True) - mean_in.mean(1, keepdim=True) ** 2
        if self.training:
            mean_bn, var_bn = mean_in.mean(0, keepdim=True), temp.mean(0, keepdim=True) - mean_in.mean(0, keepdim=True) ** 2
            self.running_mean.mul_(self.momentum)
            self.running_mean.add_((1 - self.momentum) * mean_bn.data)
            self.running_var.mul_(self.momentum)
            self.running_var.add_((1 - self.momentum) * var_bn.data)
        else:
            mean_bn, var_bn = torch.autograd.Variable(self.running_mean), torch.autograd.Variable(self.running_var)
        mw, vw = F.softmax(self.mean_weight, 0), F.softmax(self.var_weight, 0)
        mean = mw[0] * mean_in + mw[1] * mean_ln + mw[2] * mean_bn
        var = vw[0] * var_in + vw[1] * var_ln + vw[2] * var_bn
        return ((x - mean) / (var + 1e-5).sqrt()).view(N, C, H, W)


class GhostBatchNorm(nn.BatchNorm1d):
    def __init__(self, dim, virtual=2):
        super().__init__(dim)
        self.virtual = virtual

    def forward(self, x):
        chunks = x.chunk(-(-x.shape[0] // self.virtual), 0)
        return torch.cat([super(GhostBatchNorm, self).forward(c) for c in chunks], dim=0)


class BatchRenorm(nn.Module):
    """Corrections clipped by limits that grow with a counted step."""

    def __init__(self, dim=3):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(dim))
        self.register_buffer("running_std", torch.ones(dim))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    @property
    def rmax(self):
        return (2 / 35000 * self.num_batches_tracked + 25 / 35).clamp_(1.0, 3.0)

    def forward(self, x):
        if self.training:
            mean, std = x.mean(0), x.std(0, unbiased=False) + 1e-3
            r = (std.detach() / self.running_std).clamp_(1 / self.rmax, self.rmax)
            d = ((mean.detach() - self.running_mean) / self.running_std).clamp_(-1.0, 1.0)
            x = (x - mean) / std * r + d
            self.running_mean += 0.1 * (mean.detach() - self.running_mean)
            self.running_std += 0.1 * (std.detach() - self.running_std)
            self.num_batches_tracked += 1
            return x
        return (x - self.running_mean) / self.running_std


class Mixup(nn.Module):
    """Mixes a batch with a permutation of itself; the coefficient is a Beta draw."""

    def __init__(self, alpha=0.4):
        super().__init__()
        self.alpha = alpha

    def forward(self, x, y):
        if not self.training or self.alpha <= 0:
            return x, y, y, 1.0
        lam = torch.distributions.Beta(self.alpha, self.alpha).sample()
        index = torch.randperm(x.size(0))
        return lam * x + (1 - lam) * x[index], y, y[index], lam


class WordDropout(nn.Module):
    """Replaces tokens, adds noise, drops whole embeddings: only in training."""

    def __init__(self, vocab=8, p=0.3, unk=1):
        super().__init__()
        self.embed, self.p, self.unk = nn.Embedding(vocab, 3), p, unk

    def forward(self, words):
        if self.training and self.p > 0:
            drop = torch.bernoulli(torch.full(words.shape, self.p)).bool()
            words = words.masked_fill(drop, self.unk)
            mask = self.embed.weight.new_empty((self.embed.weight.size(0), 1)).bernoulli_(1 - self.p) / (1 - self.p)
            weight = mask.expand_as(self.embed.weight) * self.embed.weight
        else:
            weight = self.embed.weight
        return F.embedding(words, weight, self.embed.padding_idx)


class Maxout(nn.Module):
    """Assorted activations and their parameters: maxout, PReLU, GLU, Mish, CReLU, RReLU, adaptive."""

    def __init__(self, dim=4):
        super().__init__()
        self.lin, self.prelu, self.k = nn.Linear(dim, dim * 2), nn.PReLU(dim), 2
        self.beta = nn.Parameter(torch.tensor(1.0))
        self.register_parameter("unused", None)

    def forward(self, x):
        out = self.lin(x)
        m, _ = out.view(*out.shape[:-1], out.shape[-1] // self.k, self.k).max(-1)
        glu = F.glu(out, dim=-1)
        mish = x * torch.tanh(F.softplus(x))
        crelu = torch.cat((F.relu(x), F.relu(-x)), 1)
        rrelu = F.rrelu(x, training=self.training)
        return self.prelu(m) + glu + mish * torch.sigmoid(self.beta * x) + rrelu, crelu


class TiedAutoencoder(nn.Module):
    """Tied weights, k-sparse codes kept by top-k, KL sparsity."""

    def __init__(self, dim=5, code=4, k=2):
        super().__init__()
        self.encode = nn.Linear(dim, code)
        self.decode_bias, self.k = nn.Parameter(torch.zeros(dim)), k

    def forward(self, x):
        noisy = x + 0.1 * torch.randn(x.shape).to(x.device) if self.training else x
        code = torch.sigmoid(self.encode(noisy))
        values, indices = code.topk(self.k, dim=1)
        sparse = torch.zeros_like(code).scatter(1, indices, values)
        rho = code.mean(0)
        kl = torch.sum(0.1 * torch.log(0.1 / rho) + 0.9 * torch.log(0.9 / (1 - rho)))
        return F.linear(sparse, self.encode.weight.t(), self.decode_bias), kl


def views(n=4, d=3):
    return lambda: (torch.randn(n, d), torch.randn(n, d))


ENTRIES = [
    Entry("moco_queue", MoCo, views()),
    Entry("byol_lazy_target", BYOL, views()),
    Entry("siamese", Siamese, views()),
    Entry("siamese_null_context", lambda: Siamese(False), views()),
    Entry("ema_center_first_batch", EMANormalizer, lambda: (torch.randn(4, 3),)),
    Entry("quantized_conv", lambda: QuantConv(2, 3, 3), lambda: (torch.randn(1, 2, 5, 5),)),
    Entry("binary_linear", lambda: BinaryLinear(3, 4), lambda: (torch.randn(2, 3),)),
    Entry("checkpointed", Checkpointed, lambda: (torch.randn(2, 3, requires_grad=True),)),
    Entry("weight_standardization", lambda: WeightStandardConv(3, 4, 3), lambda: (torch.randn(2, 3, 5, 5),)),
    Entry("switch_norm", SwitchNorm, lambda: (torch.randn(2, 4, 3, 3),)),
    Entry("switch_norm_eval", SwitchNorm, lambda: (torch.randn(2, 4, 3, 3),), train=False),
    Entry("ghost_batch_norm", lambda: GhostBatchNorm(3), lambda: (torch.randn(6, 3),)),
    Entry("batch_renorm", BatchRenorm, lambda: (torch.randn(4, 3),)),
    Entry("mixup", Mixup, lambda: (torch.randn(4, 3), torch.randint(3, (4,)))),
    Entry("word_dropout", WordDropout, lambda: (torch.randint(8, (2, 4)),)),
    Entry("activations", Maxout, lambda: (torch.randn(3, 4),)),
    Entry("tied_autoencoder", TiedAutoencoder, lambda: (torch.rand(3, 5),)),
]
