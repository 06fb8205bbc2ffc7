"""Recurrent models: packed LSTMs, hand-written cells, QRNN, ConvLSTM, reservoirs, hierarchical attention."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .entry import Entry


class LSTMClassifier(nn.Module):
    """Makes its own zero state from the batch size, keeps the last step."""

    def __init__(self, vocab=10, dim=4, hidden=5, layers=2, bidirectional=True, cell="LSTM"):
        super().__init__()
        self.hidden, self.layers, self.directions, self.cell = hidden, layers, 2 if bidirectional else 1, cell
        self.embedding = nn.Embedding(vocab, dim, padding_idx=0)
        self.rnn = getattr(nn, cell)(dim, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden * self.directions, 3)

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        shape = (self.layers * self.directions, batch_size, self.hidden)
        if self.cell == "LSTM":
            return weight.new(*shape).zero_(), weight.new(*shape).zero_()
        return weight.new(*shape).zero_()

    def forward(self, text):
        out, _ = self.rnn(self.embedding(text), self.init_hidden(text.size(0)))
        return self.fc(out[:, -1, :])


class PackedEncoder(nn.Module):
    """Packs by lengths given on the CPU, unpacks, pools over the true steps."""

    def __init__(self, dim=4, hidden=5, enforce_sorted=True):
        super().__init__()
        self.rnn = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)
        self.enforce_sorted = enforce_sorted

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=self.enforce_sorted)
        output, hidden = self.rnn(packed)
        output, _ = pad_packed_sequence(output, batch_first=True)
        hidden = torch.cat((hidden[-2], hidden[-1]), dim=1)
        return output, hidden


class SortedPackedLSTM(nn.Module):
    """Sorts by length, packs, and undoes the sorting; lengths travel as a tensor."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x, lengths):
        sorted_lengths, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(x[order], sorted_lengths.tolist(), batch_first=True)
        _, (h, _) = self.lstm(packed)
        _, inverse = order.sort(0)
        return h[-1][inverse]


class CharRNN(nn.Module):
    """Steps through the sequence with an explicit loop and Variable-era code."""

    def __init__(self, size=6, hidden=5, n_layers=1):
        super().__init__()
        self.hidden_size, self.n_layers = hidden, n_layers
        self.encoder = nn.Embedding(size, hidden)
        self.gru = nn.GRU(hidden, hidden, n_layers)
        self.decoder = nn.Linear(hidden, size)

    def step(self, input, hidden):
        batch_size = input.size(0)
        encoded = self.encoder(input)
        output, hidden = self.gru(encoded.view(1, batch_size, -1), hidden)
        return self.decoder(output.view(batch_size, -1)), hidden

    def forward(self, input):
        hidden = Variable(torch.zeros(self.n_layers, input.size(0), self.hidden_size))
        loss = 0
        for c in range(input.size(1) - 1):
            output, hidden = self.step(input[:, c], hidden)
            loss += F.cross_entropy(output.view(input.size(0), -1), input[:, c + 1])
        return loss / (input.size(1) - 1), hidden


class LSTMCellByHand(nn.Module):
    def __init__(self, input_size, hidden_size, zoneout=0.0):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size)
        self.hidden_size, self.zoneout = hidden_size, zoneout

    def forward(self, x, state=None):
        if state is None:
            state = (torch.zeros(x.size(0), self.hidden_size).to(x), torch.zeros(x.size(0), self.hidden_size).to(x))
        h, c = state
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        new_c = c * torch.sigmoid(f + 1) + torch.sigmoid(i) * torch.tanh(g)
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        if self.zoneout > 0.0:
            if self.training:
                mask = torch.empty_like(h).bernoulli_(self.zoneout)
                new_h = mask * h + (1 - mask) * new_h
            else:
                new_h = self.zoneout * h + (1 - self.zoneout) * new_h
        return new_h, new_c


class StackedCells(nn.Module):
    """Layers over time, states in a Python list, time-major outputs stacked."""

    def __init__(self, sizes=(3, 5, 4), zoneout=0.1):
        super().__init__()
        self.cells = nn.ModuleList([LSTMCellByHand(a, b, zoneout) for a, b in zip(sizes[:-1], sizes[1:])])

    def forward(self, x):
        states = [None] * len(self.cells)
        outputs = []
        for t, x_t in enumerate(x.unbind(1)):
            for layer, cell in enumerate(self.cells):
                states[layer] = cell(x_t, states[layer])
                x_t = states[layer][0]
            outputs.append(x_t)
        return torch.stack(outputs, dim=1), states


class StatefulLSTM(nn.Module):
    """Keeps its hidden state between calls as an attribute, detached."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTMCell(3, 4)
        self.hidden = None

    def reset(self):
        self.hidden = None

    def forward(self, x):
        if self.hidden is None:
            self.hidden = (torch.zeros(x.size(0), 4), torch.zeros(x.size(0), 4))
        h, c = self.lstm(x, self.hidden)
        self.hidden = (h.detach(), c.detach())
        return h


class Highway(nn.Module):
    def __init__(self, size, num_layers=2, f=torch.tanh):
        super().__init__()
        self.num_layers, self.f = num_layers, f
        self.nonlinear, self.linear, self.gate = (
            nn.ModuleList([nn.Linear(size, size) for _ in range(num_layers)]) for _ in range(3)
        )

    def forward(self, x):
        for layer in range(self.num_layers):
            gate = torch.sigmoid(self.gate[layer](x))
            x = gate * self.f(self.nonlinear[layer](x)) + (1 - gate) * self.linear[layer](x)
        return x


class QRNN(nn.Module):
    """Quasi-recurrent layer with a window of two and forget-gate pooling in a loop."""

    def __init__(self, dim=3, hidden=4, window=2):
        super().__init__()
        self.linear, self.window, self.hidden = nn.Linear(window * dim, 3 * hidden), window, hidden

    def forward(self, X, hidden=None):
        seq_len, batch_size, _ = X.size()
        source = X
        if self.window == 2:
            shifted = torch.cat([X[:1, :, :] * 0, X[:-1, :, :]], 0)
            source = torch.cat([X, shifted], 2)
        Z, Fg, O = self.linear(source).chunk(3, dim=2)
        Z, Fg = torch.tanh(Z), torch.sigmoid(Fg)
        result, h = [], hidden
        for f, z in zip(Fg.split(1, dim=0), (Fg * Z).split(1, dim=0)):
            h = z if h is None else z + (1 - f) * h
            result.append(h)
        C = torch.cat(result, 0)
        return torch.sigmoid(O) * C, C[-1:, :, :]


class ConvLSTM(nn.Module):
    def __init__(self, in_channels=2, hidden=(3, 2)):
        super().__init__()
        self.hidden = hidden
        widths = [in_channels, *hidden]
        self.cell_list = nn.ModuleList([nn.Conv2d(a + b, 4 * b, 3, padding=1) for a, b in zip(widths[:-1], widths[1:])])

    def forward(self, x, hidden_state=None):
        b, seq_len, _, h, w = x.size()
        layer_output_list, last_state_list = [], []
        cur = x
        for i, conv in enumerate(self.cell_list):
            ht, ct = torch.zeros(b, self.hidden[i], h, w), torch.zeros(b, self.hidden[i], h, w)
            inner = []
            for t in range(seq_len):
                combined = conv(torch.cat([cur[:, t, :, :, :], ht], dim=1))
                cc_i, cc_f, cc_o, cc_g = torch.split(combined, self.hidden[i], dim=1)
                ct = torch.sigmoid(cc_f) * ct + torch.sigmoid(cc_i) * torch.tanh(cc_g)
                ht = torch.sigmoid(cc_o) * torch.tanh(ct)
                inner.append(ht)
            cur = torch.stack(inner, dim=1)
            layer_output_list.append(cur)
            last_state_list.append([ht, ct])
        return layer_output_list[-1:], last_state_list[-1:]


class EchoState(nn.Module):
    """A fixed sparse reservoir scaled to a spectral radius; only the readout learns."""

    def __init__(self, n=8, radius=0.9, leak=0.3):
        super().__init__()
        w = torch.randn(n, n) * (torch.rand(n, n) < 0.3)
        self.register_buffer("w", w * radius / (torch.linalg.eigvals(w).abs().max() + 1e-6))
        self.register_buffer("w_in", torch.randn(n, 2))
        self.readout, self.leak = nn.Linear(n, 1), leak

    def forward(self, u, washout=1):
        x = torch.zeros(u.size(0), self.w.size(0))
        states = []
        with torch.no_grad():
            for t in range(u.size(1)):
                x = (1 - self.leak) * x + self.leak * torch.tanh(u[:, t] @ self.w_in.T + x @ self.w.T)
                if t >= washout:
                    states.append(x)
        return self.readout(torch.stack(states, 1))


class HierarchicalAttention(nn.Module):
    """Words to sentences to a document, with a context vector at each level."""

    def __init__(self, vocab=12, dim=4, hidden=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.word_gru = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)
        self.sent_gru = nn.GRU(2 * hidden, hidden, bidirectional=True, batch_first=True)
        self.word_ctx, self.sent_ctx = nn.Linear(2 * hidden, 1, bias=False), nn.Linear(2 * hidden, 1, bias=False)

    def attend(self, gru, ctx, x):
        out, _ = gru(x)
        weights = torch.softmax(ctx(torch.tanh(out)), dim=1)
        return (weights * out).sum(1)

    def forward(self, docs):
        sentences = [self.attend(self.word_gru, self.word_ctx, self.embed(docs[:, i])) for i in range(docs.size(1))]
        return self.attend(self.sent_gru, self.sent_ctx, torch.stack(sentences, 1))


class VariationalDropoutRNN(nn.Module):
    """One dropout mask for all steps; weights dropped anew at each call (DropConnect)."""

    def __init__(self, p=0.3):
        super().__init__()
        self.p, self.cell = p, nn.RNNCell(3, 4)
        self.weight_raw = nn.Parameter(self.cell.weight_hh.data.clone())

    def forward(self, x):
        if self.training and self.p:
            x = x * (x.data.new(1, x.size(1), x.size(2)).bernoulli_(1 - self.p) / (1 - self.p))
        w = F.dropout(self.weight_raw, p=self.p, training=self.training)
        h = x.new_zeros(x.size(1), 4)
        for step in x:
            h = torch.tanh(F.linear(step, self.cell.weight_ih, self.cell.bias_ih) + F.linear(h, w, self.cell.bias_hh))
        return h


def tokens(vocab, *shape):
    return lambda: (torch.randint(1, vocab, shape),)


ENTRIES = [
    Entry("lstm_classifier", LSTMClassifier, tokens(10, 2, 5)),
    Entry("gru_classifier", lambda: LSTMClassifier(cell="GRU", bidirectional=False), tokens(10, 2, 5)),
    Entry("rnn_classifier", lambda: LSTMClassifier(cell="RNN", layers=1), tokens(10, 2, 5), train=False),
    Entry("packed_encoder", PackedEncoder, lambda: (torch.randn(3, 5, 4), torch.tensor([5, 3, 2]))),
    Entry("packed_encoder_unsorted", lambda: PackedEncoder(enforce_sorted=False), lambda: (torch.randn(3, 5, 4), torch.tensor([2, 5, 3]))),
    Entry("packed_encoder_list", PackedEncoder, lambda: (torch.randn(3, 5, 4), [5, 3, 1])),
    Entry("sorted_packed_lstm", SortedPackedLSTM, lambda: (torch.randn(3, 4, 3), torch.tensor([1, 4, 2]))),
    Entry("char_rnn", CharRNN, tokens(6, 2, 4)),
    Entry("stacked_lstm_cells", StackedCells, lambda: (torch.randn(2, 4, 3),)),
    Entry("stacked_lstm_cells_eval", StackedCells, lambda: (torch.randn(2, 4, 3),), train=False),
    Entry("stateful_lstm", StatefulLSTM, lambda: (torch.randn(2, 3),)),
    Entry("highway", lambda: Highway(4), lambda: (torch.randn(3, 4),)),
    Entry("qrnn", QRNN, lambda: (torch.randn(4, 2, 3),)),
    Entry("conv_lstm", ConvLSTM, lambda: (torch.randn(2, 3, 2, 5, 5),)),
    Entry("echo_state", EchoState, lambda: (torch.randn(2, 4, 2),)),
    Entry("hierarchical_attention", HierarchicalAttention, tokens(12, 2, 3, 4)),
    Entry("variational_dropout_rnn", VariationalDropoutRNN, lambda: (torch.randn(4, 2, 3),)),
]
