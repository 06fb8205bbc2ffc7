"""Decoders that step: attention by name, teacher forcing, stopping when all have ended, pointing."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


class Attention(nn.Module):
    """Luong's scores, chosen by name."""

    def __init__(self, method, hidden):
        super().__init__()
        self.method = method
        if method not in ["dot", "general", "concat"]:
            raise ValueError(method, "is not an appropriate attention method.")
        if method == "general":
            self.attn = nn.Linear(hidden, hidden)
        elif method == "concat":
            self.attn = nn.Linear(hidden * 2, hidden)
            self.v = nn.Parameter(torch.rand(hidden))

    def forward(self, hidden, encoder_outputs):
        if self.method == "general":
            energies = torch.sum(hidden * self.attn(encoder_outputs), dim=2)
        elif self.method == "concat":
            both = torch.cat((hidden.expand(encoder_outputs.size(0), -1, -1), encoder_outputs), 2)
            energies = torch.sum(self.v * self.attn(both).tanh(), dim=2)
        else:
            energies = torch.sum(hidden * encoder_outputs, dim=2)
        return F.softmax(energies.t(), dim=1).unsqueeze(1)


class Seq2Seq(nn.Module):
    """Encoder, attentive decoder, greedy or teacher-forced steps decided by Python's random."""

    def __init__(self, vocab=8, hidden=6, method="general"):
        super().__init__()
        self.vocab = vocab
        self.embedding = nn.Embedding(vocab, hidden)
        self.encoder = nn.GRU(hidden, hidden, bidirectional=True)
        self.decoder = nn.GRU(hidden, hidden)
        self.attn = Attention(method, hidden)
        self.concat, self.out = nn.Linear(hidden * 2, hidden), nn.Linear(hidden, vocab)
        self.hidden = hidden

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        enc, hidden = self.encoder(self.embedding(src))
        enc = enc[:, :, : self.hidden] + enc[:, :, self.hidden :]
        hidden = hidden[:1]
        max_len, batch_size = trg.shape
        outputs = torch.zeros(max_len, batch_size, self.vocab)
        input = trg[0, :]
        for t in range(1, max_len):
            rnn_out, hidden = self.decoder(self.embedding(input).unsqueeze(0), hidden)
            context = self.attn(rnn_out, enc).bmm(enc.transpose(0, 1))
            output = self.out(torch.tanh(self.concat(torch.cat((rnn_out.squeeze(0), context.squeeze(1)), 1))))
            outputs[t] = output
            teacher_force = random.random() < teacher_forcing_ratio
            input = trg[t] if teacher_force else output.max(1)[1]
        return outputs


class GreedyDecoder(nn.Module):
    """Decodes until every sentence has ended: a loop whose length the tensors decide."""

    def __init__(self, vocab=5, hidden=4, max_len=6):
        super().__init__()
        self.cell, self.embed, self.out = nn.GRUCell(hidden, hidden), nn.Embedding(vocab, hidden), nn.Linear(hidden, vocab)
        self.max_len, self.eos = max_len, 1

    def forward(self, h):
        token = torch.zeros(h.size(0), dtype=torch.long)
        finished = torch.zeros(h.size(0), dtype=torch.bool)
        tokens = torch.full((h.size(0), self.max_len), self.eos)
        for t in range(self.max_len):
            h = self.cell(self.embed(token), h)
            token = self.out(h).argmax(-1).masked_fill(finished, self.eos)
            tokens[:, t] = token
            finished = finished | (token == self.eos)
            if finished.all():
                break
        return tokens, h


class PointerNetwork(nn.Module):
    """Points at inputs one after the other, masking what was chosen."""

    def __init__(self, hidden=4):
        super().__init__()
        self.encoder, self.cell = nn.LSTM(2, hidden, batch_first=True), nn.LSTMCell(2, hidden)
        self.w1, self.w2, self.v = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, points):
        batch, n, _ = points.shape
        enc, (h, c) = self.encoder(points)
        h, c = h[0], c[0]
        mask = torch.zeros(batch, n, dtype=torch.bool)
        x, log_probs, tour = points.mean(1), [], []
        for _ in range(n):
            h, c = self.cell(x, (h, c))
            scores = self.v(torch.tanh(self.w1(enc) + self.w2(h).unsqueeze(1))).squeeze(-1)
            log_p = F.log_softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
            choice = log_p.argmax(-1)
            mask = mask.scatter(1, choice.unsqueeze(1), True)
            x = points[torch.arange(batch), choice]
            log_probs.append(log_p.gather(1, choice[:, None]))
            tour.append(choice)
        return torch.cat(log_probs, 1), torch.stack(tour, 1)


ENTRIES = [
    Entry("seq2seq_teacher_forced", Seq2Seq, lambda: (torch.randint(8, (4, 2)), torch.randint(8, (3, 2)), 1.0)),
    Entry("seq2seq_greedy", lambda: Seq2Seq(method="concat"), lambda: (torch.randint(8, (4, 2)), torch.randint(8, (3, 2)), 0)),
    Entry("seq2seq_python_random", lambda: Seq2Seq(method="dot"), lambda: (torch.randint(8, (4, 2)), torch.randint(8, (3, 2)))),
    Entry("greedy_decoder", GreedyDecoder, lambda: (torch.randn(2, 4),)),
    Entry("pointer_network", PointerNetwork, lambda: (torch.rand(2, 4, 2),)),
]
