"""Transformers: from scratch, by nn.Transformer, with the usual positions, norms, masks and efficient attention."""

import copy
import math
from typing import NamedTuple, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


def clones(module, n):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


def subsequent_mask(size):
    return torch.triu(torch.ones((1, size, size)), diagonal=1).type(torch.uint8) == 0


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len).unsqueeze(1).float()
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * -(math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)].requires_grad_(False))


def attention(query, key, value, mask=None, dropout=None):
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return torch.matmul(p_attn, value), p_attn


class MultiHeadedAttention(nn.Module):
    """Keeps the last attention map as an attribute."""

    def __init__(self, h, d_model, dropout=0.1):
        super().__init__()
        assert d_model % h == 0
        self.d_k, self.h, self.attn = d_model // h, h, None
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        n = query.size(0)
        query, key, value = [
            lin(x).view(n, -1, self.h, self.d_k).transpose(1, 2) for lin, x in zip(self.linears, (query, key, value))
        ]
        x, self.attn = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(n, -1, self.h * self.d_k)
        del query, key, value
        return self.linears[-1](x)


class SublayerConnection(nn.Module):
    def __init__(self, size, dropout):
        super().__init__()
        self.norm, self.dropout = nn.LayerNorm(size), nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class EncoderLayer(nn.Module):
    def __init__(self, size, heads, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadedAttention(heads, size)
        self.feed_forward = nn.Sequential(nn.Linear(size, 2 * size), nn.ReLU(), nn.Linear(2 * size, size))
        self.sublayer = clones(SublayerConnection(size, dropout), 2)

    def forward(self, x, mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, mask))
        return self.sublayer[1](x, self.feed_forward)


class AnnotatedTransformer(nn.Module):
    def __init__(self, vocab=10, d_model=8, n=2, causal=False):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, d_model), PositionalEncoding(d_model)
        self.layers, self.norm = clones(EncoderLayer(d_model, 2), n), nn.LayerNorm(d_model)
        self.d_model, self.causal = d_model, causal

    def forward(self, src, pad=0):
        mask = (src != pad).unsqueeze(-2)
        if self.causal:
            mask = mask & subsequent_mask(src.size(-1)).type_as(mask.data)
        x = self.position(self.embed(src) * math.sqrt(self.d_model))
        for layer in self.layers:
            x = layer(x, mask)
        return F.log_softmax(F.linear(self.norm(x), self.embed.weight), dim=-1)


class TorchTransformer(nn.Module):
    """nn.Transformer with square masks kept between calls and key padding masks."""

    def __init__(self, vocab=10, d=8):
        super().__init__()
        self.src_mask = None
        self.embed = nn.Embedding(vocab, d)
        self.transformer = nn.Transformer(d, 2, 1, 1, 16, 0.1, batch_first=True)
        self.out = nn.Linear(d, vocab)

    def forward(self, src, tgt):
        if self.src_mask is None or self.src_mask.size(0) != tgt.size(1):
            self.src_mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(1))
        pad = src == 0
        out = self.transformer(
            self.embed(src), self.embed(tgt), tgt_mask=self.src_mask, src_key_padding_mask=pad, memory_key_padding_mask=pad
        )
        return self.out(out)


class EncoderStack(nn.Module):
    def __init__(self, d=8, norm_first=False):
        super().__init__()
        layer = nn.TransformerEncoderLayer(d, 2, 16, activation="gelu", norm_first=norm_first, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.attn = nn.MultiheadAttention(d, 2, batch_first=True)
        self.query = nn.Parameter(torch.randn(1, 1, d))

    def forward(self, x, lengths):
        mask = torch.arange(x.size(1))[None, :] >= lengths[:, None]
        x = self.encoder(x, src_key_padding_mask=mask)
        return self.attn(self.query.expand(x.size(0), -1, -1), x, x, key_padding_mask=mask)


class ViT(nn.Module):
    """Patches by reshape, class token, mean or class pooling."""

    def __init__(self, size=8, patch=4, dim=8, depth=2, pool="cls"):
        super().__init__()
        assert size % patch == 0, "Image dimensions must be divisible by the patch size."
        self.patch, self.pool = patch, pool
        self.to_patch = nn.Linear(3 * patch**2, dim)
        self.pos_embedding = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.layers = nn.ModuleList([])
        for _ in range(depth):
            self.layers.append(nn.ModuleList([nn.LayerNorm(dim), nn.Linear(dim, dim * 3, bias=False), nn.Linear(dim, dim)]))
        self.mlp_head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 3))

    def forward(self, img):
        b, c, h, w = img.shape
        p = self.patch
        x = img.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p * c)
        x = self.to_patch(x)
        _, n, _ = x.shape
        x = torch.cat((self.cls_token.expand(b, -1, -1), x), dim=1)
        x += self.pos_embedding[:, : (n + 1)]
        for norm, to_qkv, to_out in self.layers:
            q, k, v = map(lambda t: t.reshape(b, n + 1, 2, -1).transpose(1, 2), to_qkv(norm(x)).chunk(3, dim=-1))
            out = F.scaled_dot_product_attention(q, k, v)
            x = to_out(out.transpose(1, 2).flatten(2)) + x
        x = x.mean(dim=1) if self.pool == "mean" else x[:, 0]
        return self.mlp_head(x)


def window_partition(x, window):
    b, h, w, c = x.shape
    x = x.view(b, h // window, window, w // window, window, c)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window, window, c)


def window_reverse(windows, window, h, w):
    b = int(windows.shape[0] / (h * w / window / window))
    x = windows.view(b, h // window, w // window, window, window, -1)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(b, h, w, -1)


class SwinBlock(nn.Module):
    """Shifted windows with relative position bias and an attention mask in a buffer."""

    def __init__(self, dim=4, resolution=(8, 8), heads=2, window=4, shift=2):
        super().__init__()
        self.resolution, self.heads, self.window, self.shift, self.scale = resolution, heads, window, shift, (dim // heads) ** -0.5
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.02)
        coords = torch.stack(torch.meshgrid([torch.arange(window), torch.arange(window)], indexing="ij")).flatten(1)
        relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
        relative += window - 1
        relative[:, :, 0] *= 2 * window - 1
        self.register_buffer("index", relative.sum(-1))
        self.norm, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, dim * 3), nn.Linear(dim, dim)
        mask = None
        if shift > 0:
            img_mask, cnt = torch.zeros((1, *resolution, 1)), 0
            slices = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
            for h in slices:
                for w in slices:
                    img_mask[:, h, w, :] = cnt
                    cnt += 1
            m = window_partition(img_mask, window).view(-1, window * window)
            mask = m.unsqueeze(1) - m.unsqueeze(2)
            mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
        self.register_buffer("attn_mask", mask)

    def attend(self, x, mask=None):
        b_, n, c = x.shape
        qkv = self.qkv(x).reshape(b_, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        attn = (q * self.scale) @ k.transpose(-2, -1)
        bias = self.table[self.index.view(-1)].view(n, n, -1)
        attn = attn + bias.permute(2, 0, 1).contiguous().unsqueeze(0)
        if mask is not None:
            nw = mask.shape[0]
            attn = attn.view(b_ // nw, nw, self.heads, n, n) + mask.unsqueeze(1).unsqueeze(0)
            attn = attn.view(-1, self.heads, n, n)
        return self.proj((attn.softmax(-1) @ v).transpose(1, 2).reshape(b_, n, c))

    def forward(self, x):
        h, w = self.resolution
        b, length, c = x.shape
        assert length == h * w, "input feature has wrong size"
        y = self.norm(x).view(b, h, w, c)
        if self.shift > 0:
            y = torch.roll(y, shifts=(-self.shift, -self.shift), dims=(1, 2))
        windows = window_partition(y, self.window).view(-1, self.window**2, c)
        y = window_reverse(self.attend(windows, self.attn_mask).view(-1, self.window, self.window, c), self.window, h, w)
        if self.shift > 0:
            y = torch.roll(y, shifts=(self.shift, self.shift), dims=(1, 2))
        return x + y.view(b, h * w, c)


class Performer(nn.Module):
    def __init__(self, dim=4, features=6):
        super().__init__()
        self.register_buffer("projection", torch.linalg.qr(torch.randn(features, features))[0][:, :dim])
        self.qkv = nn.Linear(dim, 3 * dim)

    def kernel(self, x):
        ratio = self.projection.shape[0] ** -0.5
        dash = torch.einsum("...id,...jd->...ij", x, self.projection)
        return ratio * (torch.exp(dash - (x**2).sum(-1, keepdim=True) / 2 - dash.amax(-1, keepdim=True).detach()) + 1e-4)

    def forward(self, x, causal=False):
        q, k, v = self.qkv(x).chunk(3, -1)
        q, k = self.kernel(q), self.kernel(k)
        if causal:
            context = torch.einsum("bnd,bne->bnde", k, v).cumsum(1)
            return torch.einsum("bnd,bnde->bne", q, context) / torch.einsum("bnd,bnd->bn", q, k.cumsum(1)).unsqueeze(-1)
        d_inv = 1.0 / torch.einsum("bnd,bd->bn", q, k.sum(dim=1))
        return torch.einsum("bde,bnd,bn->bne", torch.einsum("bnd,bne->bde", k, v), q, d_inv)


class TransformerXLAttention(nn.Module):
    """Relative positions by the shift trick, over a memory of earlier steps."""

    def __init__(self, dim=4, mem_len=3):
        super().__init__()
        self.qkv, self.r = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.u, self.v, self.mem_len = nn.Parameter(torch.randn(dim)), nn.Parameter(torch.randn(dim)), mem_len
        self.register_buffer("inv_freq", 1 / (10000 ** (torch.arange(0.0, dim, 2.0) / dim)))

    def _rel_shift(self, x):
        zero_pad = torch.zeros((x.size(0), x.size(1), 1), dtype=x.dtype)
        padded = torch.cat([zero_pad, x], dim=2).view(x.size(0), x.size(2) + 1, x.size(1))
        return padded[:, 1:].reshape_as(x)

    def forward(self, w, mems: Optional[torch.Tensor] = None):
        cat = w if mems is None or mems.numel() == 0 else torch.cat([mems, w], 1)
        qlen, klen = w.size(1), cat.size(1)
        q, k, v = torch.chunk(self.qkv(cat), 3, dim=-1)
        q = q[:, -qlen:]
        sinusoid = torch.outer(torch.arange(klen - 1, -1, -1.0), self.inv_freq)
        r = self.r(torch.cat([sinusoid.sin(), sinusoid.cos()], dim=-1))
        score = torch.einsum("bid,bjd->bij", q + self.u, k) + self._rel_shift(torch.einsum("bid,jd->bij", q + self.v, r))
        mask = torch.triu(torch.ones(qlen, klen), diagonal=1 + klen - qlen).bool()
        out = torch.softmax(score.float().masked_fill(mask[None], -1e30).type_as(score), -1) @ v
        with torch.no_grad():
            new_mems = cat[:, max(0, klen - self.mem_len) :].detach()
        return out, new_mems


class BertConfig:
    def __init__(self, **kwargs):
        self.vocab_size, self.hidden_size, self.num_heads, self.max_position, self.type_vocab = 12, 8, 2, 16, 2
        self.hidden_act, self.layer_norm_eps, self.output_hidden_states = "gelu", 1e-12, False
        self.__dict__.update(kwargs)


ACT2FN = {"gelu": F.gelu, "relu": F.relu, "swish": lambda x: x * torch.sigmoid(x)}


class BertOutput(NamedTuple):
    last_hidden_state: torch.Tensor
    pooler_output: torch.Tensor
    hidden_states: Optional[tuple] = None


class Bert(nn.Module):
    """BERT in small: extended attention mask, head mask, position ids, a chunked feed-forward."""

    def __init__(self, config):
        super().__init__()
        self.config, c = config, config
        self.word, self.position, self.kind = (nn.Embedding(n, c.hidden_size) for n in (c.vocab_size, c.max_position, c.type_vocab))
        self.register_buffer("position_ids", torch.arange(c.max_position).expand((1, -1)), persistent=False)
        self.query, self.key, self.value, self.dense = (nn.Linear(c.hidden_size, c.hidden_size) for _ in range(4))
        self.norm, self.pooler = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps), nn.Linear(c.hidden_size, c.hidden_size)
        self.act = ACT2FN[c.hidden_act] if isinstance(c.hidden_act, str) else c.hidden_act

    @property
    def dtype(self):
        return next(self.parameters()).dtype

    def transpose_for_scores(self, x):
        return x.view(*x.size()[:-1], self.config.num_heads, -1).permute(0, 2, 1, 3)

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, head_mask=None, inputs_embeds=None):
        if input_ids is not None and inputs_embeds is not None:
            raise ValueError("You cannot specify both input_ids and inputs_embeds at the same time")
        shape = input_ids.size() if input_ids is not None else inputs_embeds.size()[:-1]
        if attention_mask is None:
            attention_mask = torch.ones(shape)
        if token_type_ids is None:
            token_type_ids = torch.zeros(shape, dtype=torch.long)
        extended = (1.0 - attention_mask[:, None, None, :].to(dtype=self.dtype)) * torch.finfo(self.dtype).min
        x = self.word(input_ids) if inputs_embeds is None else inputs_embeds
        x = self.norm(x + self.position(self.position_ids[:, : shape[1]]) + self.kind(token_type_ids))
        states = (x,) if self.config.output_hidden_states else None
        q, k, v = (self.transpose_for_scores(f(x)) for f in (self.query, self.key, self.value))
        probs = F.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.size(-1)) + extended, dim=-1)
        if head_mask is not None:
            probs = probs * head_mask.view(1, -1, 1, 1)
        context = (probs @ v).permute(0, 2, 1, 3).contiguous()
        context = context.view(context.size()[:-2] + (self.config.hidden_size,))
        x = self.norm(x + self.act(self.dense(context)))
        if states is not None:
            states = states + (x,)
        return BertOutput(x, torch.tanh(self.pooler(x[:, 0])), states)


def bert_masked():
    mask = torch.ones(2, 5)
    mask[1, 3:] = 0
    return {"input_ids": torch.randint(12, (2, 5)), "attention_mask": mask, "head_mask": torch.tensor([1.0, 0.0])}


ENTRIES = [
    Entry("annotated_transformer", AnnotatedTransformer, lambda: (torch.randint(10, (2, 5)),)),
    Entry("annotated_transformer_causal", lambda: AnnotatedTransformer(causal=True), lambda: (torch.randint(10, (2, 5)),), train=False),
    Entry("torch_transformer", TorchTransformer, lambda: (torch.randint(1, 10, (2, 5)), torch.randint(1, 10, (2, 4)))),
    Entry("torch_encoder", EncoderStack, lambda: (torch.randn(2, 5, 8), torch.tensor([5, 3]))),
    Entry("torch_encoder_eval", lambda: EncoderStack(norm_first=True), lambda: (torch.randn(2, 5, 8), torch.tensor([5, 3])), train=False),
    Entry("vit", ViT, lambda: (torch.randn(2, 3, 8, 8),)),
    Entry("vit_mean_pool", lambda: ViT(pool="mean"), lambda: (torch.randn(2, 3, 8, 8),), train=False),
    Entry("swin_block", SwinBlock, lambda: (torch.randn(2, 64, 4),)),
    Entry("swin_block_no_shift", lambda: SwinBlock(shift=0), lambda: (torch.randn(2, 64, 4),)),
    Entry("performer", Performer, lambda: (torch.randn(2, 5, 4),)),
    Entry("performer_causal", Performer, lambda: (torch.randn(2, 5, 4), True)),
    Entry("transformer_xl", TransformerXLAttention, lambda: (torch.randn(2, 4, 4), torch.randn(2, 3, 4))),
    Entry("transformer_xl_no_memory", TransformerXLAttention, lambda: (torch.randn(2, 4, 4),)),
    Entry("bert", lambda: Bert(BertConfig()), lambda: (torch.randint(12, (2, 5)),)),
    Entry("bert_masked_kwargs", lambda: Bert(BertConfig(hidden_act="swish", output_hidden_states=True)), tuple, kwargs=bert_masked),
]
