"""Sequences of samples and frames: TCN, WaveNet, Tacotron parts, Conv-TasNet, speaker encoders, CTC heads, text CNNs."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import weight_norm

from .entry import Entry


class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, : -self.chomp_size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, n_inputs, n_outputs, kernel_size, dilation, dropout=0.2):
        super().__init__()
        pad = (kernel_size - 1) * dilation
        self.conv1 = weight_norm(nn.Conv1d(n_inputs, n_outputs, kernel_size, padding=pad, dilation=dilation))
        self.net = nn.Sequential(self.conv1, Chomp1d(pad), nn.ReLU(), nn.Dropout(dropout))
        self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None

    def forward(self, x):
        out = self.net(x)
        res = x if self.downsample is None else self.downsample(x)
        return F.relu(out + res)


class TCN(nn.Module):
    def __init__(self, channels=(3, 4, 4)):
        super().__init__()
        layers = [TemporalBlock(a, b, 2, 2**i) for i, (a, b) in enumerate(zip(channels[:-1], channels[1:]))]
        self.network = nn.Sequential(*layers)
        self.linear = nn.Linear(channels[-1], 2)

    def forward(self, x):
        return F.log_softmax(self.linear(self.network(x.transpose(1, 2))[:, :, -1]), dim=1)


class WaveNet(nn.Module):
    """Gated dilated stack whose skip outputs are trimmed to the shortest."""

    def __init__(self, layers=3, blocks=1, residual=4, skip=5, classes=6):
        super().__init__()
        self.dilations = []
        self.start = nn.Conv1d(classes, residual, 1)
        self.filter_convs, self.gate_convs, self.residual_convs, self.skip_convs = (nn.ModuleList() for _ in range(4))
        for _ in range(blocks):
            for i in range(layers):
                self.dilations.append(2**i)
                self.filter_convs.append(nn.Conv1d(residual, residual, 2, dilation=2**i))
                self.gate_convs.append(nn.Conv1d(residual, residual, 2, dilation=2**i))
                self.residual_convs.append(nn.Conv1d(residual, residual, 1))
                self.skip_convs.append(nn.Conv1d(residual, skip, 1))
        self.end = nn.Conv1d(skip, classes, 1)

    def forward(self, x):
        x = self.start(x)
        skip = 0
        for i in range(len(self.dilations)):
            residual = x
            x = torch.tanh(self.filter_convs[i](residual)) * torch.sigmoid(self.gate_convs[i](residual))
            s = self.skip_convs[i](x)
            try:
                skip = skip[:, :, -s.size(2) :]
            except TypeError:
                skip = 0
            skip = s + skip
            x = self.residual_convs[i](x) + residual[:, :, self.dilations[i] :]
        x = self.end(F.relu(skip))
        n, c, length = x.size()
        return x.transpose(1, 2).contiguous().view(n * length, c)


class Prenet(nn.Module):
    """Dropout that stays on in evaluation."""

    def __init__(self, in_dim, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b, bias=False) for a, b in zip([in_dim, *sizes[:-1]], sizes)])

    def forward(self, x):
        for linear in self.layers:
            x = F.dropout(F.relu(linear(x)), p=0.5, training=True)
        return x


class LocationSensitiveAttention(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.query_layer, self.memory_layer = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.location = nn.Sequential(nn.Conv1d(2, 3, 5, padding=2, bias=False))
        self.location_dense, self.v = nn.Linear(3, dim, bias=False), nn.Linear(dim, 1, bias=False)
        self.score_mask_value = -float("inf")

    def forward(self, query, memory, processed_memory, attention_weights_cat, mask=None):
        loc = self.location_dense(self.location(attention_weights_cat).transpose(1, 2))
        energies = self.v(torch.tanh(self.query_layer(query.unsqueeze(1)) + loc + processed_memory)).squeeze(-1)
        if mask is not None:
            energies.data.masked_fill_(mask, self.score_mask_value)
        weights = F.softmax(energies, dim=1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1), weights


def get_mask_from_lengths(lengths):
    max_len = torch.max(lengths).item()
    ids = torch.arange(0, max_len)
    return ids < lengths.unsqueeze(1)


class TacotronDecoder(nn.Module):
    """State kept on self during the steps; the mask is made from lengths by ``.item()``."""

    def __init__(self, dim=4, mel=3):
        super().__init__()
        self.prenet, self.rnn = Prenet(mel, [dim, dim]), nn.LSTMCell(2 * dim, dim)
        self.attention, self.projection = LocationSensitiveAttention(dim), nn.Linear(2 * dim, mel)
        self.gate, self.mel = nn.Linear(2 * dim, 1), mel

    def initialize_decoder_states(self, memory, mask):
        b, t, d = memory.size()
        self.h, self.c = memory.new_zeros(b, d), memory.new_zeros(b, d)
        self.weights, self.weights_cum, self.context = memory.new_zeros(b, t), memory.new_zeros(b, t), memory.new_zeros(b, d)
        self.memory, self.processed_memory, self.mask = memory, self.attention.memory_layer(memory), mask

    def decode(self, decoder_input):
        self.h, self.c = self.rnn(torch.cat((decoder_input, self.context), -1), (self.h, self.c))
        cat = torch.cat((self.weights.unsqueeze(1), self.weights_cum.unsqueeze(1)), dim=1)
        self.context, self.weights = self.attention(self.h, self.memory, self.processed_memory, cat, self.mask)
        self.weights_cum += self.weights
        both = torch.cat((self.h, self.context), dim=1)
        return self.projection(both), self.gate(both), self.weights

    def forward(self, memory, decoder_inputs, memory_lengths):
        inputs = decoder_inputs.transpose(0, 1)
        inputs = self.prenet(torch.cat((inputs.new_zeros(1, *inputs.shape[1:]), inputs)))
        self.initialize_decoder_states(memory, mask=~get_mask_from_lengths(memory_lengths))
        mel_outputs, gates, alignments = [], [], []
        while len(mel_outputs) < inputs.size(0) - 1:
            mel, gate, weights = self.decode(inputs[len(mel_outputs)])
            mel_outputs += [mel]
            gates += [gate.squeeze(1)]
            alignments += [weights]
        return torch.stack(mel_outputs).transpose(0, 1), torch.stack(gates).t(), torch.stack(alignments, 1)


class CBHGBank(nn.Module):
    def __init__(self, dim=3, k=4):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(dim, dim, i, padding=i // 2) for i in range(1, k + 1)])
        self.pool = nn.MaxPool1d(2, stride=1, padding=1)
        self.gru = nn.GRU(dim * k, dim, 1, batch_first=True, bidirectional=True)

    def forward(self, inputs):
        x = inputs if inputs.size(1) == 3 else inputs.transpose(1, 2)
        length = x.size(-1)
        x = torch.cat([conv(x)[:, :, :length] for conv in self.convs], dim=1)
        x = self.pool(x)[:, :, :length].transpose(1, 2)
        outputs, _ = self.gru(x)
        return outputs


class GlobalLayerNorm(nn.Module):
    def __init__(self, channels, eps=1e-8):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(1, channels, 1)), nn.Parameter(torch.zeros(1, channels, 1))
        self.eps = eps

    def forward(self, y):
        mean = y.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        var = (torch.pow(y - mean, 2)).mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        return self.gamma * (y - mean) / torch.pow(var + self.eps, 0.5) + self.beta


def overlap_and_add(signal, frame_step):
    outer, (frames, frame_length) = signal.size()[:-2], signal.size()[-2:]
    sub = np.gcd(frame_length, frame_step)
    sub_step, sub_per_frame = frame_step // sub, frame_length // sub
    output_size = frame_step * (frames - 1) + frame_length
    subframes = signal.view(*outer, -1, sub)
    frame = torch.arange(0, output_size // sub).unfold(0, sub_per_frame, sub_step)
    frame = signal.new_tensor(frame).long().contiguous().view(-1)
    result = signal.new_zeros(*outer, output_size // sub, sub)
    result.index_add_(-2, frame, subframes)
    return result.view(*outer, -1)


class ConvTasNet(nn.Module):
    """Encoder, mask estimator with depthwise blocks, decoder by overlap-add."""

    def __init__(self, n=4, length=4, speakers=2):
        super().__init__()
        self.n, self.length, self.speakers = n, length, speakers
        self.encoder = nn.Conv1d(1, n, kernel_size=length, stride=length // 2, bias=False)
        self.block = nn.Sequential(
            nn.Conv1d(n, n, 1), nn.PReLU(), GlobalLayerNorm(n), nn.Conv1d(n, n, 3, padding=1, groups=n), nn.Conv1d(n, n * speakers, 1)
        )
        self.basis = nn.Linear(n, length, bias=False)

    def forward(self, mixture):
        w = F.relu(self.encoder(mixture.unsqueeze(1)))
        m, _, k = w.size()
        mask = F.softmax(self.block(w).view(m, self.speakers, self.n, k), dim=1)
        source = torch.transpose(w.unsqueeze(1) * mask, 2, 3)
        est = overlap_and_add(self.basis(source), self.length // 2)
        return F.pad(est, (0, mixture.size(-1) - est.size(-1)))


class SpeakerEncoder(nn.Module):
    """GE2E: normalised utterance embeddings, a similarity matrix against (exclusive) centroids."""

    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(3, 5, 1, batch_first=True), nn.Linear(5, 4)
        self.similarity_weight, self.similarity_bias = nn.Parameter(torch.tensor([10.0])), nn.Parameter(torch.tensor([-5.0]))

    def forward(self, utterances, speakers):
        _, (hidden, _) = self.lstm(utterances, None)
        raw = F.relu(self.linear(hidden[-1]))
        embeds = (raw / (torch.norm(raw, dim=1, keepdim=True) + 1e-5)).view(speakers, -1, 4)
        per = embeds.shape[1]
        incl = torch.mean(embeds, dim=1, keepdim=True)
        incl = incl.clone() / (torch.norm(incl, dim=2, keepdim=True) + 1e-5)
        excl = (torch.sum(embeds, dim=1, keepdim=True) - embeds) / (per - 1)
        sim = torch.zeros(speakers, per, speakers)
        mask = 1 - np.eye(speakers, dtype=int)
        for j in range(speakers):
            others = np.where(mask[j])[0]
            sim[others, :, j] = (embeds[others] * incl[j]).sum(dim=2)
            sim[j, :, j] = (embeds[j] * excl[j]).sum(dim=1)
        return sim * self.similarity_weight + self.similarity_bias


class DeepSpeech(nn.Module):
    """Convolutions over a spectrogram, masks beyond each length, a CTC loss."""

    def __init__(self, classes=5):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, (3, 3), stride=(2, 2), padding=(1, 1))
        self.rnn, self.fc, self.ctc = nn.LSTM(8, 4, batch_first=True), nn.Linear(4, classes), nn.CTCLoss(blank=0, zero_infinity=True)

    def get_seq_lens(self, input_length):
        return torch.div(input_length + 2 * 1 - 3, 2, rounding_mode="floor") + 1

    def forward(self, x, lengths, targets, target_lengths):
        lengths = self.get_seq_lens(lengths)
        x = self.conv(x)
        mask = torch.BoolTensor(x.size()).fill_(0)
        for i, length in enumerate(lengths):
            length = length.item()
            if (mask[i].size(2) - length) > 0:
                mask[i].narrow(2, length, mask[i].size(2) - length).fill_(1)
        x = x.masked_fill(mask, 0)
        sizes = x.size()
        x = x.view(sizes[0], sizes[1] * sizes[2], sizes[3]).transpose(1, 2)
        log_probs = F.log_softmax(self.fc(self.rnn(x)[0]), dim=-1)
        return self.ctc(log_probs.transpose(0, 1), targets, lengths, target_lengths)


class Spectrogram(nn.Module):
    """A short-time Fourier transform as a fixed convolution, and torch.stft beside it."""

    def __init__(self, n_fft=8, hop=4):
        super().__init__()
        basis = np.fft.fft(np.eye(n_fft))[: n_fft // 2 + 1]
        self.register_buffer("basis", torch.FloatTensor(np.vstack([np.real(basis), np.imag(basis)])[:, None, :]))
        self.register_buffer("window", torch.hann_window(n_fft))
        self.n_fft, self.hop = n_fft, hop

    def forward(self, y):
        out = F.conv1d(F.pad(y.unsqueeze(1), (self.n_fft // 2,) * 2, mode="reflect"), self.basis, stride=self.hop)
        cutoff = self.n_fft // 2 + 1
        magnitude = torch.sqrt(out[:, :cutoff] ** 2 + out[:, cutoff:] ** 2 + 1e-9)
        spec = torch.stft(y, self.n_fft, hop_length=self.hop, window=self.window, return_complex=True)
        return torch.log(magnitude), spec.abs()


class TextCNN(nn.Module):
    def __init__(self, vocab=12, dim=4, kernels=(2, 3, 4), n=3, static=False):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        if static:
            self.embed.weight.requires_grad = False
        self.convs1 = nn.ModuleList([nn.Conv2d(1, n, (k, dim)) for k in kernels])
        self.dropout, self.fc1 = nn.Dropout(0.5), nn.Linear(len(kernels) * n, 2)

    def forward(self, x):
        x = self.embed(x).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs1]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc1(self.dropout(torch.cat(x, 1)))


class KMaxCNN(nn.Module):
    """k-max pooling that keeps order, with k shrinking by depth."""

    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList([nn.Conv1d(3, 3, 3, padding=2) for _ in range(2)])

    def forward(self, x):
        for i, conv in enumerate(self.conv):
            x = conv(x)
            k = max(3, x.size(2) * (2 - i - 1) // 2)
            index = x.topk(k, dim=2)[1].sort(dim=2)[0]
            x = torch.tanh(x.gather(2, index))
        return x.reshape(x.shape[0], -1)


def ctc_batch():
    return torch.randn(2, 1, 8, 10), torch.tensor([10, 7]), torch.randint(1, 5, (4,)), torch.tensor([2, 2])


def decoder_batch():
    return torch.randn(2, 5, 4), torch.randn(2, 3, 3), torch.tensor([5, 3])


def location_batch():
    mask = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    return torch.randn(2, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.rand(2, 2, 5), mask


ENTRIES = [
    Entry("tcn", TCN, lambda: (torch.randn(2, 6, 3),)),
    Entry("wavenet", WaveNet, lambda: (torch.randn(2, 6, 12),)),
    Entry("tacotron_prenet_eval", lambda: Prenet(4, [6, 3]), lambda: (torch.randn(3, 4),), train=False),
    Entry("location_attention", LocationSensitiveAttention, location_batch),
    Entry("tacotron_decoder", TacotronDecoder, decoder_batch),
    Entry("cbhg_bank", CBHGBank, lambda: (torch.randn(2, 7, 3),)),
    Entry("conv_tasnet", ConvTasNet, lambda: (torch.randn(2, 21),)),
    Entry("speaker_encoder", SpeakerEncoder, lambda: (torch.randn(6, 4, 3), 3)),
    Entry("deep_speech_ctc", DeepSpeech, ctc_batch),
    Entry("spectrogram", Spectrogram, lambda: (torch.randn(2, 20),)),
    Entry("text_cnn", TextCNN, lambda: (torch.randint(12, (2, 6)),)),
    Entry("text_cnn_static", lambda: TextCNN(static=True), lambda: (torch.randint(12, (2, 6)),)),
    Entry("k_max_cnn", KMaxCNN, lambda: (torch.randn(2, 3, 8),)),
]
