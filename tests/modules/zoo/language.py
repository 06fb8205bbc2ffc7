"""Pieces of today's language models: rotary positions, RMSNorm, SwiGLU, caches, experts, low rank, state spaces."""

import math
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


@dataclass
class GPTConfig:
    block_size: int = 8
    vocab_size: int = 12
    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 8
    dropout: float = 0.1
    bias: bool = True


class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.n_head, self.n_embd, self.dropout = config.n_head, config.n_embd, config.dropout
        self.flash = hasattr(F, "scaled_dot_product_attention") and config.bias
        if not self.flash:
            mask = torch.tril(torch.ones(config.block_size, config.block_size))
            self.register_buffer("bias", mask.view(1, 1, config.block_size, config.block_size))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        q, k, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for t in (q, k, v))
        if self.flash:
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0, is_causal=True)
        else:
            att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
            y = F.dropout(F.softmax(att, dim=-1), self.dropout, self.training) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class GPT(nn.Module):
    """Loss when there are targets, otherwise only the last position's logits; tied embeddings."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(config.vocab_size, config.n_embd),
                wpe=nn.Embedding(config.block_size, config.n_embd),
                drop=nn.Dropout(config.dropout),
                h=nn.ModuleList([CausalSelfAttention(config) for _ in range(config.n_layer)]),
                ln_f=nn.LayerNorm(config.n_embd, bias=config.bias),
            )
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, idx, targets=None):
        device = idx.device
        b, t = idx.size()
        assert t <= self.config.block_size, f"Cannot forward sequence of length {t}, block size {self.config.block_size}"
        pos = torch.arange(0, t, dtype=torch.long, device=device)
        x = self.transformer.drop(self.transformer.wte(idx) + self.transformer.wpe(pos))
        for block in self.transformer.h:
            x = x + block(x)
        x = self.transformer.ln_f(x)
        if targets is not None:
            logits = self.lm_head(x)
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        else:
            logits = self.lm_head(x[:, [-1], :])
            loss = None
        return logits, loss


class GPTGenerator(nn.Module):
    """Samples tokens with temperature and top-k, growing the sequence."""

    def __init__(self, top_k=3):
        super().__init__()
        self.gpt, self.top_k = GPT(GPTConfig()), top_k

    @torch.no_grad()
    def forward(self, idx, max_new_tokens=3, temperature=0.8):
        for _ in range(max_new_tokens):
            idx_cond = idx if idx.size(1) <= self.gpt.config.block_size else idx[:, -self.gpt.config.block_size :]
            logits, _ = self.gpt(idx_cond)
            logits = logits[:, -1, :] / temperature
            if self.top_k is not None:
                v, _ = torch.topk(logits, min(self.top_k, logits.size(-1)))
                logits[logits < v[:, [-1]]] = -float("Inf")
            idx = torch.cat((idx, torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)), dim=1)
        return idx


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(dim))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        return self._norm(x.float()).type_as(x) * self.weight


def precompute_freqs_cis(dim, end, theta=10000.0):
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2)[: (dim // 2)].float() / dim))
    freqs = torch.outer(torch.arange(end), freqs)
    return torch.polar(torch.ones_like(freqs), freqs)


def apply_rotary_complex(xq, xk, freqs_cis):
    xq_ = torch.view_as_complex(xq.float().reshape(*xq.shape[:-1], -1, 2))
    xk_ = torch.view_as_complex(xk.float().reshape(*xk.shape[:-1], -1, 2))
    shape = [d if i == 1 or i == xq_.ndim - 1 else 1 for i, d in enumerate(xq_.shape)]
    freqs_cis = freqs_cis.view(*shape)
    return torch.view_as_real(xq_ * freqs_cis).flatten(3).type_as(xq), torch.view_as_real(xk_ * freqs_cis).flatten(3).type_as(xk)


class LlamaBlock(nn.Module):
    """Grouped queries, complex rotary positions, a cache written in place, SwiGLU."""

    def __init__(self, dim=8, heads=4, kv_heads=2, max_seq=8, max_batch=2):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim, self.rep = heads, kv_heads, dim // heads, heads // kv_heads
        self.wq, self.wo = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.wk, self.wv = (nn.Linear(dim, kv_heads * self.head_dim, bias=False) for _ in range(2))
        self.w1, self.w3, self.w2 = nn.Linear(dim, 12, bias=False), nn.Linear(dim, 12, bias=False), nn.Linear(12, dim, bias=False)
        self.attention_norm, self.ffn_norm = RMSNorm(dim), RMSNorm(dim)
        self.freqs_cis = precompute_freqs_cis(self.head_dim, max_seq * 2)
        self.cache_k = torch.zeros((max_batch, max_seq, kv_heads, self.head_dim))
        self.cache_v = torch.zeros((max_batch, max_seq, kv_heads, self.head_dim))

    def attend(self, x, start_pos, freqs_cis, mask):
        bsz, seqlen, _ = x.shape
        xq = self.wq(x).view(bsz, seqlen, self.heads, self.head_dim)
        xk, xv = (w(x).view(bsz, seqlen, self.kv_heads, self.head_dim) for w in (self.wk, self.wv))
        xq, xk = apply_rotary_complex(xq, xk, freqs_cis)
        self.cache_k = self.cache_k.to(xq)
        self.cache_v = self.cache_v.to(xq)
        self.cache_k[:bsz, start_pos : start_pos + seqlen] = xk
        self.cache_v[:bsz, start_pos : start_pos + seqlen] = xv
        keys = self.cache_k[:bsz, : start_pos + seqlen].repeat_interleave(self.rep, dim=2).transpose(1, 2)
        values = self.cache_v[:bsz, : start_pos + seqlen].repeat_interleave(self.rep, dim=2).transpose(1, 2)
        scores = xq.transpose(1, 2) @ keys.transpose(2, 3) / math.sqrt(self.head_dim)
        if mask is not None:
            scores = scores + mask
        out = F.softmax(scores.float(), dim=-1).type_as(xq) @ values
        return self.wo(out.transpose(1, 2).contiguous().view(bsz, seqlen, -1))

    @torch.no_grad()
    def forward(self, x, start_pos):
        seqlen = x.size(1)
        freqs_cis, mask = self.freqs_cis[start_pos : start_pos + seqlen], None
        if seqlen > 1:
            mask = torch.triu(torch.full((seqlen, seqlen), float("-inf")), diagonal=1)
            mask = torch.hstack([torch.zeros((seqlen, start_pos)), mask]).type_as(x)
        h = x + self.attend(self.attention_norm(x), start_pos, freqs_cis, mask)
        y = self.ffn_norm(h)
        return h + self.w2(F.silu(self.w1(y)) * self.w3(y))


class RotaryEmbedding(nn.Module):
    """Caches cosines and sines for the longest sequence seen so far."""

    def __init__(self, dim=4, base=10000, max_position=4):
        super().__init__()
        self.register_buffer("inv_freq", 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim)), persistent=False)
        self._set_cache(max_position)

    def _set_cache(self, seq_len):
        self.max_seq_len_cached = seq_len
        freqs = torch.einsum("i,j->ij", torch.arange(seq_len).type_as(self.inv_freq), self.inv_freq)
        emb = torch.cat((freqs, freqs), dim=-1)
        self.register_buffer("cos_cached", emb.cos()[None, None, :, :], persistent=False)
        self.register_buffer("sin_cached", emb.sin()[None, None, :, :], persistent=False)

    @staticmethod
    def rotate_half(x):
        x1, x2 = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
        return torch.cat((-x2, x1), dim=-1)

    def forward(self, q, k, position_ids=None):
        seq_len = k.shape[-2]
        if seq_len > self.max_seq_len_cached:
            self._set_cache(seq_len)
        cos, sin = self.cos_cached[:, :, :seq_len, ...].to(dtype=q.dtype), self.sin_cached[:, :, :seq_len, ...].to(dtype=q.dtype)
        if position_ids is not None:
            cos, sin = cos.squeeze(1).squeeze(0)[position_ids].unsqueeze(1), sin.squeeze(1).squeeze(0)[position_ids].unsqueeze(1)
        return q * cos + self.rotate_half(q) * sin, k * cos + self.rotate_half(k) * sin


class ALiBiAttention(nn.Module):
    def __init__(self, heads=2, dim=4):
        super().__init__()
        self.heads, self.to_qkv = heads, nn.Linear(dim, dim * 3)

    def get_slopes(self, n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.to_qkv(x).chunk(3, -1))
        position = torch.arange(n)
        bias = -torch.tensor(self.get_slopes(self.heads)).view(-1, 1, 1) * (position[None, :] - position[:, None]).abs()
        mask_value = -torch.finfo(q.dtype).max
        dots = torch.einsum("bhid,bhjd->bhij", q, k) * (d // self.heads) ** -0.5 + bias
        causal = torch.ones(n, n, dtype=torch.bool).triu_(1)
        return dots.masked_fill(causal, mask_value).softmax(-1).matmul(v).transpose(1, 2).reshape(b, n, d)


class MoELayer(nn.Module):
    """Top-k experts: a Python loop over experts with ``torch.where`` on the routing."""

    def __init__(self, dim=4, experts=3, k=2):
        super().__init__()
        self.gate = nn.Linear(dim, experts, bias=False)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(dim, 6), nn.SiLU(), nn.Linear(6, dim)) for _ in range(experts)])
        self.k = k

    def forward(self, inputs):
        flat = inputs.view(-1, inputs.shape[-1])
        weights, selected = torch.topk(self.gate(flat), self.k)
        weights = F.softmax(weights, dim=1, dtype=torch.float).to(inputs.dtype)
        results = torch.zeros_like(flat)
        for i, expert in enumerate(self.experts):
            batch_idx, nth = torch.where(selected == i)
            results[batch_idx] += weights[batch_idx, nth, None] * expert(flat[batch_idx])
        return results.view_as(inputs)


class NoisyTopKGate(nn.Module):
    """Dense mixture with noisy gating in training and a load-balance loss."""

    def __init__(self, dim=4, experts=4, k=2):
        super().__init__()
        self.w_gate, self.w_noise = nn.Parameter(torch.randn(dim, experts)), nn.Parameter(torch.randn(dim, experts))
        self.expert = nn.Parameter(torch.randn(experts, dim, dim))
        self.k = k

    def cv_squared(self, x):
        if x.shape[0] == 1:
            return torch.Tensor([0])
        return x.float().var() / (x.float().mean() ** 2 + 1e-10)

    def forward(self, x):
        logits = x @ self.w_gate
        if self.training:
            logits = logits + torch.randn_like(logits) * (F.softplus(x @ self.w_noise) + 1e-2)
        top, idx = logits.topk(self.k, dim=1)
        gates = torch.zeros_like(logits).scatter(1, idx, F.softmax(top, 1))
        y = torch.einsum("be,bei->bi", gates, torch.einsum("bd,edi->bei", x, self.expert))
        return y, self.cv_squared(gates.sum(0)) + self.cv_squared((gates > 0).sum(0))


class LoRALinear(nn.Linear):
    """Merges its low-rank update into the weight when put into evaluation."""

    def __init__(self, in_features, out_features, r=2, lora_alpha=4, p=0.1):
        super().__init__(in_features, out_features)
        self.r, self.merged, self.scaling = r, False, lora_alpha / r
        self.lora_A, self.lora_B = nn.Parameter(torch.randn(r, in_features)), nn.Parameter(torch.randn(out_features, r))
        self.weight.requires_grad = False
        self.lora_dropout = nn.Dropout(p)

    def train(self, mode=True):
        super().train(mode)
        if mode and self.merged:
            self.weight.data -= (self.lora_B @ self.lora_A) * self.scaling
            self.merged = False
        elif not mode and not self.merged:
            self.weight.data += (self.lora_B @ self.lora_A) * self.scaling
            self.merged = True
        return self

    def forward(self, x):
        if self.r > 0 and not self.merged:
            result = F.linear(x, self.weight, bias=self.bias)
            result += (self.lora_dropout(x) @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling
            return result
        return F.linear(x, self.weight, bias=self.bias)


class Mamba(nn.Module):
    """Selective state space: causal convolution, input-dependent step, a scan in a Python loop."""

    def __init__(self, d_model=4, d_state=3, d_conv=3, dt_rank=2):
        super().__init__()
        d = 2 * d_model
        self.d, self.d_state, self.dt_rank = d, d_state, dt_rank
        self.in_proj, self.out_proj = nn.Linear(d_model, 2 * d, bias=False), nn.Linear(d, d_model, bias=False)
        self.conv1d = nn.Conv1d(d, d, d_conv, groups=d, padding=d_conv - 1)
        self.x_proj, self.dt_proj = nn.Linear(d, dt_rank + 2 * d_state, bias=False), nn.Linear(dt_rank, d)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, d_state + 1).float().repeat(d, 1)))
        self.D = nn.Parameter(torch.ones(d))

    def selective_scan(self, u, delta, A, B, C, D):
        (b, length, d_in), n = u.shape, A.shape[1]
        deltaA = torch.exp(torch.einsum("bld,dn->bldn", delta, A))
        deltaB_u = torch.einsum("bld,bln,bld->bldn", delta, B, u)
        x, ys = torch.zeros((b, d_in, n), device=deltaA.device), []
        for i in range(length):
            x = deltaA[:, i] * x + deltaB_u[:, i]
            ys.append(torch.einsum("bdn,bn->bd", x, C[:, i, :]))
        return torch.stack(ys, dim=1) + u * D

    def forward(self, x):
        (b, length, _) = x.shape
        x, res = self.in_proj(x).split(split_size=[self.d, self.d], dim=-1)
        x = F.silu(self.conv1d(x.transpose(1, 2))[:, :, :length].transpose(1, 2))
        delta, B, C = self.x_proj(x).split(split_size=[self.dt_rank, self.d_state, self.d_state], dim=-1)
        y = self.selective_scan(x, F.softplus(self.dt_proj(delta)), -torch.exp(self.A_log.float()), B, C, self.D)
        return self.out_proj(y * F.silu(res))


class S4D(nn.Module):
    """Diagonal state space as a long convolution by FFT."""

    def __init__(self, h=3, n=4):
        super().__init__()
        self.log_dt, self.C = nn.Parameter(torch.randn(h) - 3), nn.Parameter(torch.view_as_real(torch.randn(h, n // 2, dtype=torch.cfloat)))
        self.log_A_real, self.A_imag = nn.Parameter(torch.log(0.5 * torch.ones(h, n // 2))), nn.Parameter(math.pi * torch.arange(n // 2).repeat(h, 1))
        self.D = nn.Parameter(torch.randn(h))

    def kernel(self, L):
        dt, C, A = torch.exp(self.log_dt), torch.view_as_complex(self.C), -torch.exp(self.log_A_real) + 1j * self.A_imag
        dtA = A * dt.unsqueeze(-1)
        K = dtA.unsqueeze(-1) * torch.arange(L)
        return 2 * torch.einsum("hn,hnl->hl", C * (torch.exp(dtA) - 1.0) / A, torch.exp(K)).real

    def forward(self, u):
        L = u.size(-1)
        k_f = torch.fft.rfft(self.kernel(L=L), n=2 * L)
        y = torch.fft.irfft(torch.fft.rfft(u, n=2 * L) * k_f, n=2 * L)[..., :L]
        return F.gelu(y + u * self.D.unsqueeze(-1))


@dataclass
class Cache:
    keys: list = field(default_factory=list)
    length: int = 0


class CachedDecoder(nn.Module):
    """Appends keys to a Python cache that travels with the call and comes back."""

    def __init__(self, dim=4, layers=2):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(dim, 2 * dim) for _ in range(layers)])

    def forward(self, x, past_key_values=None, use_cache=True):
        presents = () if use_cache else None
        past = past_key_values if past_key_values is not None else tuple([None] * len(self.layers))
        cache = Cache()
        for layer, layer_past in zip(self.layers, past):
            q, kv = layer(x).chunk(2, -1)
            if layer_past is not None:
                kv = torch.cat((layer_past, kv), dim=1)
            cache.keys.append(kv)
            cache.length += kv.shape[1]
            x = x + F.softmax(q @ kv.transpose(1, 2), -1) @ kv
            if use_cache:
                presents = presents + (kv,)
        return (x, presents, cache.length) if use_cache else (x,)


def cached():
    return torch.randn(2, 1, 4), (torch.randn(2, 3, 4), torch.randn(2, 3, 4))


ENTRIES = [
    Entry("gpt_loss", lambda: GPT(GPTConfig()), lambda: (torch.randint(12, (2, 6)), torch.randint(12, (2, 6)))),
    Entry("gpt_logits", lambda: GPT(GPTConfig(bias=False)), lambda: (torch.randint(12, (2, 6)),), train=False),
    Entry("gpt_generate", GPTGenerator, lambda: (torch.randint(12, (2, 3)),), train=False),
    Entry("llama_prefill", LlamaBlock, lambda: (torch.randn(2, 4, 8), 0), train=False),
    Entry("llama_step", LlamaBlock, lambda: (torch.randn(2, 1, 8), 3), train=False),
    Entry("rotary_embedding", RotaryEmbedding, lambda: (torch.randn(1, 2, 4, 4), torch.randn(1, 2, 4, 4))),
    Entry("rotary_embedding_grown", RotaryEmbedding, lambda: (torch.randn(1, 2, 6, 4), torch.randn(1, 2, 6, 4), torch.arange(6)[None])),
    Entry("alibi", ALiBiAttention, lambda: (torch.randn(2, 5, 4),)),
    Entry("mixture_of_experts", MoELayer, lambda: (torch.randn(2, 3, 4),)),
    Entry("noisy_top_k_gate", NoisyTopKGate, lambda: (torch.randn(4, 4),)),
    Entry("lora", lambda: LoRALinear(4, 3), lambda: (torch.randn(2, 4),)),
    Entry("lora_merged", lambda: LoRALinear(4, 3), lambda: (torch.randn(2, 4),), train=False),
    Entry("mamba", Mamba, lambda: (torch.randn(2, 5, 4),)),
    Entry("s4d", S4D, lambda: (torch.randn(2, 3, 6),)),
    Entry("cached_decoder", CachedDecoder, lambda: (torch.randn(2, 3, 4),)),
    Entry("cached_decoder_past", CachedDecoder, cached),
]
