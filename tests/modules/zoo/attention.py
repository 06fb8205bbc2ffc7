"""Attention over images: SE, CBAM, ECA, SK, coordinate, non-local, criss-cross, involution, dynamic convolution."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image


class ChannelGate(nn.Module):
    def __init__(self, channels, reduction=2, pool_types=("avg", "max", "lp", "lse")):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, channels // reduction), nn.ReLU(), nn.Linear(channels // reduction, channels)
        )
        self.pool_types = pool_types

    def forward(self, x):
        channel_att_sum = None
        for pool_type in self.pool_types:
            kernel = (x.size(2), x.size(3))
            if pool_type == "avg":
                raw = self.mlp(F.avg_pool2d(x, kernel, stride=kernel))
            elif pool_type == "max":
                raw = self.mlp(F.max_pool2d(x, kernel, stride=kernel))
            elif pool_type == "lp":
                raw = self.mlp(F.lp_pool2d(x, 2, kernel, stride=kernel))
            else:
                flat = x.view(x.size(0), x.size(1), -1)
                s, _ = torch.max(flat, dim=2, keepdim=True)
                raw = self.mlp(s + (flat - s).exp().sum(dim=2, keepdim=True).log())
            channel_att_sum = raw if channel_att_sum is None else channel_att_sum + raw
        scale = torch.sigmoid(channel_att_sum).unsqueeze(2).unsqueeze(3).expand_as(x)
        return x * scale


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        compressed = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        return x * torch.sigmoid(self.spatial(compressed))


class CBAM(nn.Module):
    def __init__(self, channels, no_spatial=False):
        super().__init__()
        self.channel_gate = ChannelGate(channels)
        self.no_spatial = no_spatial
        if not no_spatial:
            self.spatial_gate = SpatialGate()

    def forward(self, x):
        out = self.channel_gate(x)
        if not self.no_spatial:
            out = self.spatial_gate(out)
        return out


class ECA(nn.Module):
    def __init__(self, channels, gamma=2, b=1):
        super().__init__()
        t = int(abs((math.log(channels, 2) + b) / gamma))
        k = t if t % 2 else t + 1
        self.conv = nn.Conv1d(1, 1, kernel_size=k, padding=k // 2, bias=False)

    def forward(self, x):
        y = F.adaptive_avg_pool2d(x, 1)
        y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * y.sigmoid().expand_as(x)


class SelectiveKernel(nn.Module):
    def __init__(self, features, branches=2, reduction=2):
        super().__init__()
        self.convs = nn.ModuleList([])
        for i in range(branches):
            self.convs.append(nn.Sequential(nn.Conv2d(features, features, 3 + i * 2, padding=1 + i), nn.ReLU()))
        self.fc = nn.Linear(features, features // reduction)
        self.fcs = nn.ModuleList([nn.Linear(features // reduction, features) for _ in range(branches)])
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        for i, conv in enumerate(self.convs):
            fea = conv(x).unsqueeze(dim=1)
            feas = fea if i == 0 else torch.cat([feas, fea], dim=1)
        fea_z = self.fc(torch.sum(feas, dim=1).mean(-1).mean(-1))
        for i, fc in enumerate(self.fcs):
            vector = fc(fea_z).unsqueeze_(dim=1)
            attention_vectors = vector if i == 0 else torch.cat([attention_vectors, vector], dim=1)
        attention_vectors = self.softmax(attention_vectors).unsqueeze(-1).unsqueeze(-1)
        return (feas * attention_vectors).sum(dim=1)


class CoordinateAttention(nn.Module):
    def __init__(self, channels, hidden=4):
        super().__init__()
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.conv_h = nn.Conv2d(hidden, channels, 1)
        self.conv_w = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        n, c, h, w = x.size()
        y = torch.cat([self.pool_h(x), self.pool_w(x).permute(0, 1, 3, 2)], dim=2)
        y = F.hardswish(self.conv1(y))
        x_h, x_w = torch.split(y, [h, w], dim=2)
        return x * self.conv_w(x_w.permute(0, 1, 3, 2)).sigmoid() * self.conv_h(x_h).sigmoid()


class NonLocal(nn.Module):
    """Non-local block with selectable pairwise function, dispatched by name."""

    def __init__(self, in_channels, mode="embedded", sub_sample=True, dimension=2):
        super().__init__()
        assert mode in ["embedded", "gaussian", "dot", "concatenate"]
        assert dimension in [1, 2]
        self.mode, self.inter = mode, max(in_channels // 2, 1)
        conv = nn.Conv2d if dimension == 2 else nn.Conv1d
        pool = nn.MaxPool2d(2) if dimension == 2 else nn.MaxPool1d(2)
        self.g, self.theta, self.phi = (conv(in_channels, self.inter, 1) for _ in range(3))
        self.W = conv(self.inter, in_channels, 1)
        nn.init.constant_(self.W.bias, 0)
        if mode == "concatenate":
            self.concat_project = nn.Sequential(nn.Conv2d(self.inter * 2, 1, 1, bias=False), nn.ReLU())
        if sub_sample:
            self.g = nn.Sequential(self.g, pool)
            self.phi = nn.Sequential(self.phi, pool)
        self.operation = getattr(self, "_" + mode)

    def _embedded(self, theta, phi):
        return F.softmax(torch.matmul(theta.permute(0, 2, 1), phi), dim=-1)

    def _dot(self, theta, phi):
        f = torch.matmul(theta.permute(0, 2, 1), phi)
        return f / f.size(-1)

    def _concatenate(self, theta, phi):
        h, w = theta.size(2), phi.size(2)
        theta = theta.unsqueeze(3).repeat(1, 1, 1, w)
        phi = phi.unsqueeze(2).repeat(1, 1, h, 1)
        f = self.concat_project(torch.cat([theta, phi], dim=1))
        b, _, h, w = f.size()
        return f.view(b, h, w) / w

    def forward(self, x, return_map=False):
        batch_size = x.size(0)
        g_x = self.g(x).view(batch_size, self.inter, -1).permute(0, 2, 1)
        theta = self.theta(x).view(batch_size, self.inter, -1)
        phi = self.phi(x).view(batch_size, self.inter, -1)
        f = self.operation(theta, phi)
        y = torch.matmul(f, g_x).permute(0, 2, 1).contiguous()
        y = y.view(batch_size, self.inter, *x.size()[2:])
        z = self.W(y) + x
        if return_map:
            return z, f
        return z


class CrissCross(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.query = nn.Conv2d(dim, dim // 2, 1)
        self.key = nn.Conv2d(dim, dim // 2, 1)
        self.value = nn.Conv2d(dim, dim, 1)
        self.gamma = nn.Parameter(torch.zeros(1) + 0.5)

    def forward(self, x):
        b, _, h, w = x.size()
        q, k, v = self.query(x), self.key(x), self.value(x)
        q_h = q.permute(0, 3, 1, 2).contiguous().view(b * w, -1, h).permute(0, 2, 1)
        q_w = q.permute(0, 2, 1, 3).contiguous().view(b * h, -1, w).permute(0, 2, 1)
        k_h = k.permute(0, 3, 1, 2).contiguous().view(b * w, -1, h)
        k_w = k.permute(0, 2, 1, 3).contiguous().view(b * h, -1, w)
        inf = -torch.diag(torch.tensor(float("inf")).repeat(h), 0).unsqueeze(0).repeat(b * w, 1, 1)
        energy_h = (torch.bmm(q_h, k_h) + inf.to(x.device)).view(b, w, h, h).permute(0, 2, 1, 3)
        energy_w = torch.bmm(q_w, k_w).view(b, h, w, w)
        concate = F.softmax(torch.cat([energy_h, energy_w], 3), dim=3)
        att_h = concate[:, :, :, 0:h].permute(0, 2, 1, 3).contiguous().view(b * w, h, h)
        att_w = concate[:, :, :, h : h + w].contiguous().view(b * h, w, w)
        v_h = v.permute(0, 3, 1, 2).contiguous().view(b * w, -1, h)
        v_w = v.permute(0, 2, 1, 3).contiguous().view(b * h, -1, w)
        out_h = torch.bmm(v_h, att_h.permute(0, 2, 1)).view(b, w, -1, h).permute(0, 2, 3, 1)
        out_w = torch.bmm(v_w, att_w.permute(0, 2, 1)).view(b, h, -1, w).permute(0, 2, 1, 3)
        return self.gamma * (out_h + out_w) + x


class Involution(nn.Module):
    def __init__(self, channels, kernel_size=3, group_channels=2):
        super().__init__()
        self.kernel_size, self.group_channels = kernel_size, group_channels
        self.groups = channels // group_channels
        self.weights = nn.Conv2d(channels, kernel_size**2 * self.groups, 1)
        self.unfold = nn.Unfold(kernel_size, 1, (kernel_size - 1) // 2, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        weight = self.weights(x).view(b, self.groups, self.kernel_size**2, h, w).unsqueeze(2)
        out = self.unfold(x).view(b, self.groups, self.group_channels, self.kernel_size**2, h, w)
        return (weight * out).sum(dim=3).view(b, c, h, w)


class DynamicConv(nn.Module):
    """Mixes K kernels per sample and convolves the batch as one grouped convolution."""

    def __init__(self, channels, out, kernels=3, temperature=4.0):
        super().__init__()
        self.attention = nn.Linear(channels, kernels)
        self.weight = nn.Parameter(torch.randn(kernels, out, channels, 3, 3))
        self.temperature = temperature
        self.out = out

    def update_temperature(self):
        if self.temperature != 1:
            self.temperature -= 1.0

    def forward(self, x):
        pi = F.softmax(self.attention(x.mean((2, 3))) / self.temperature, dim=-1)
        batch, channels, height, width = x.size()
        weight = torch.mm(pi, self.weight.view(self.weight.size(0), -1)).view(-1, channels, 3, 3)
        out = F.conv2d(x.reshape(1, -1, height, width), weight=weight, padding=1, groups=batch)
        return out.view(batch, self.out, out.size(-2), out.size(-1))


class GlobalContext(nn.Module):
    def __init__(self, channels, pool="att", fusions=("channel_add", "channel_mul")):
        super().__init__()
        self.pool = pool
        self.conv_mask = nn.Conv2d(channels, 1, 1) if pool == "att" else None
        self.add = nn.Conv2d(channels, channels, 1) if "channel_add" in fusions else None
        self.mul = nn.Conv2d(channels, channels, 1) if "channel_mul" in fusions else None

    def forward(self, x):
        if self.pool == "att":
            b, c, h, w = x.size()
            input_x = x.view(b, c, h * w).unsqueeze(1)
            mask = F.softmax(self.conv_mask(x).view(b, 1, h * w), dim=2).unsqueeze(-1)
            context = torch.matmul(input_x, mask).view(b, c, 1, 1)
        else:
            context = x.mean((2, 3), keepdim=True)
        out = x
        if self.mul is not None:
            out = out * torch.sigmoid(self.mul(context))
        if self.add is not None:
            out = out + self.add(context)
        return out


class DoubleAttention(nn.Module):
    def __init__(self, channels, c_m=4, c_n=3, reconstruct=True):
        super().__init__()
        self.convs = nn.ModuleDict({k: nn.Conv2d(channels, n, 1) for k, n in [("A", c_m), ("B", c_n), ("V", c_n)]})
        self.reconstruct = nn.Conv2d(c_m, channels, 1) if reconstruct else None
        self.c_m, self.c_n = c_m, c_n

    def forward(self, x):
        b, c, h, w = x.shape
        assert c == self.convs["A"].in_channels
        a = self.convs["A"](x).view(b, self.c_m, -1)
        maps = F.softmax(self.convs["B"](x).view(b, self.c_n, -1), dim=-1)
        vectors = F.softmax(self.convs["V"](x).view(b, self.c_n, -1), dim=1)
        z = torch.bmm(a, maps.permute(0, 2, 1)).matmul(vectors).view(b, self.c_m, h, w)
        return self.reconstruct(z) if self.reconstruct is not None else z


ENTRIES = [
    Entry("cbam", lambda: CBAM(4), image(8, 4)),
    Entry("cbam_channel_only", lambda: CBAM(4, no_spatial=True), image(8, 4)),
    Entry("eca", lambda: ECA(8), image(8, 8)),
    Entry("selective_kernel", lambda: SelectiveKernel(4), image(8, 4)),
    Entry("coordinate_attention", lambda: CoordinateAttention(4), image(8, 4)),
    Entry("non_local", lambda: NonLocal(4), image(8, 4)),
    Entry("non_local_dot_map", lambda: NonLocal(4, "dot"), lambda: (torch.randn(2, 4, 8, 8), True)),
    Entry("non_local_concatenate", lambda: NonLocal(4, "concatenate", dimension=1), lambda: (torch.randn(2, 4, 8),)),
    Entry("criss_cross", lambda: CrissCross(4), lambda: (torch.randn(2, 4, 3, 5),)),
    Entry("involution", lambda: Involution(4), image(8, 4)),
    Entry("dynamic_conv", lambda: DynamicConv(4, 5), image(8, 4)),
    Entry("global_context", lambda: GlobalContext(4), image(8, 4)),
    Entry("double_attention", lambda: DoubleAttention(4), image(8, 4)),
]
