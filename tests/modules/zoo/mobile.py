"""Classifiers built from lists and small devices' nets: VGG, SqueezeNet, MobileNet, EfficientNet, MixNet."""

import math
import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image

CFG = {"tiny": [4, "M", 8, 8, "M"], "small": [4, 4, "M", 8, "M"]}


def make_layers(cfg, batch_norm=False):
    layers, channels = [], 3
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            conv = nn.Conv2d(channels, v, kernel_size=3, padding=1)
            layers += [conv, nn.BatchNorm2d(v), nn.ReLU(inplace=True)] if batch_norm else [conv, nn.ReLU(inplace=True)]
            channels = v
    return nn.Sequential(*layers)


class VGG(nn.Module):
    def __init__(self, name, batch_norm):
        super().__init__()
        self.features = make_layers(CFG[name], batch_norm)
        self.classifier = nn.Sequential(nn.Linear(8 * 2 * 2, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 4))

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 5)
        self.conv2 = nn.Conv2d(3, 4, 3)
        self.drop = nn.Dropout2d()
        self.fc1 = nn.Linear(4 * 2 * 2, 10)
        self.fc2 = nn.Linear(10, 4)

    def num_flat_features(self, x):
        num_features = 1
        for s in x.size()[1:]:
            num_features *= s
        return num_features

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.drop(self.conv2(x)), 2))
        x = x.view(-1, self.num_flat_features(x))
        x = F.dropout(F.relu(self.fc1(x)), training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class Fire(nn.Module):
    def __init__(self, channels, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.activation(self.squeeze(x))
        return torch.cat([self.activation(self.expand1x1(x)), self.activation(self.expand3x3(x))], 1)


class HSigmoid(nn.Module):
    def forward(self, x):
        return F.relu6(x + 3.0, inplace=True) / 6.0


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels, bias=False),
            HSigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, use_se=False):
        super().__init__()
        assert stride in [1, 2]
        hidden = int(round(inp * expand_ratio))
        self.identity = stride == 1 and inp == oup
        layers = []
        if expand_ratio != 1:
            layers += [nn.Conv2d(inp, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.Hardswish(inplace=True)]
        layers += [nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden)]
        layers += [SqueezeExcite(hidden) if use_se else nn.Identity(), nn.ReLU6(inplace=True)]
        layers += [nn.Conv2d(hidden, oup, 1, bias=False), nn.BatchNorm2d(oup)]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv(x) if self.identity else self.conv(x)


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        result = i * torch.sigmoid(i)
        ctx.save_for_backward(i)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        i = ctx.saved_tensors[0]
        sig = torch.sigmoid(i)
        return grad_output * (sig * (1 + i * (1 - sig)))


class MemoryEfficientSwish(nn.Module):
    def forward(self, x):
        return Swish.apply(x)


def drop_connect(inputs, p, training):
    assert 0 <= p <= 1, "p must be in range of [0,1]"
    if not training:
        return inputs
    keep_prob = 1 - p
    random_tensor = keep_prob
    random_tensor += torch.rand([inputs.shape[0], 1, 1, 1], dtype=inputs.dtype, device=inputs.device)
    return inputs / keep_prob * torch.floor(random_tensor)


class SamePadConv2d(nn.Conv2d):
    """TensorFlow's SAME padding, computed from the size of the image at each call."""

    def forward(self, x):
        ih, iw = x.size()[-2:]
        kh, kw = self.weight.size()[-2:]
        sh, sw = self.stride
        oh, ow = math.ceil(ih / sh), math.ceil(iw / sw)
        pad_h = max((oh - 1) * sh + (kh - 1) * self.dilation[0] + 1 - ih, 0)
        pad_w = max((ow - 1) * sw + (kw - 1) * self.dilation[1] + 1 - iw, 0)
        if pad_h > 0 or pad_w > 0:
            x = F.pad(x, [pad_w // 2, pad_w - pad_w // 2, pad_h // 2, pad_h - pad_h // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@dataclass
class BlockArgs:
    channels: int
    expand: int = 2
    id_skip: bool = True
    drop_connect_rate: float = 0.3


class MBConvBlock(nn.Module):
    def __init__(self, args):
        super().__init__()
        self._args = args
        hidden = args.channels * args.expand
        self._expand = SamePadConv2d(args.channels, hidden, 1, bias=False)
        self._bn0 = nn.BatchNorm2d(hidden, momentum=0.01, eps=1e-3)
        self._depthwise = SamePadConv2d(hidden, hidden, 3, groups=hidden, bias=False)
        self._project = SamePadConv2d(hidden, args.channels, 1, bias=False)
        self._swish = MemoryEfficientSwish()

    def set_swish(self, memory_efficient=True):
        self._swish = MemoryEfficientSwish() if memory_efficient else nn.SiLU()

    def forward(self, inputs, drop_connect_rate=None):
        x = inputs
        if self._args.expand != 1:
            x = self._swish(self._bn0(self._expand(inputs)))
        x = self._project(self._swish(self._depthwise(x)))
        if self._args.id_skip:
            if drop_connect_rate:
                x = drop_connect(x, p=drop_connect_rate, training=self.training)
            x = x + inputs
        return x


class EfficientNet(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self._stem = SamePadConv2d(3, blocks[0].channels, 3, stride=2, bias=False)
        self._blocks = nn.ModuleList(MBConvBlock(args) for args in blocks)
        self._fc = nn.Linear(blocks[-1].channels, 3)

    def extract_features(self, inputs):
        x = F.silu(self._stem(inputs))
        for idx, block in enumerate(self._blocks):
            rate = block._args.drop_connect_rate
            if rate:
                rate *= float(idx) / len(self._blocks)
            x = block(x, drop_connect_rate=rate)
        return x

    def forward(self, inputs):
        x = self.extract_features(inputs)
        return self._fc(x.mean([2, 3]))


class StochasticDepth(nn.Module):
    """Drops the whole residual branch for the batch, decided by a torch draw."""

    def __init__(self, channels, p):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.p = p
        self.sampler = torch.distributions.Bernoulli(torch.tensor([1 - p]))

    def forward(self, x):
        if self.training:
            if torch.equal(self.sampler.sample(), torch.ones(1)):
                return x + self.conv(x)
            return x
        return x + (1 - self.p) * self.conv(x)


class LayerDrop(nn.Module):
    """Skips layers by Python's random module in training."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            if self.training and random.random() < 0.5:
                continue
            x = torch.tanh(layer(x))
        return x


class DropBlock2D(nn.Module):
    def __init__(self, drop_prob, block_size):
        super().__init__()
        self.drop_prob = drop_prob
        self.block_size = block_size

    def _compute_gamma(self, x):
        return self.drop_prob / (self.block_size**2)

    def forward(self, x):
        assert x.dim() == 4, "Expected input with 4 dimensions (bsize, channels, height, width)"
        if not self.training or self.drop_prob == 0.0:
            return x
        mask = (torch.rand(x.shape[0], *x.shape[2:]) < self._compute_gamma(x)).float().to(x.device)
        block = F.max_pool2d(mask[:, None], (self.block_size, self.block_size), (1, 1), padding=self.block_size // 2)
        if self.block_size % 2 == 0:
            block = block[:, :, :-1, :-1]
        block = 1 - block.squeeze(1)
        out = x * block[:, None, :, :]
        return out * block.numel() / block.sum()


class MixConv(nn.Module):
    def __init__(self, channels, kernels=(3, 5, 7)):
        super().__init__()
        self.splits = [channels // len(kernels)] * len(kernels)
        self.splits[0] += channels - sum(self.splits)
        self.convs = nn.ModuleList(nn.Conv2d(c, c, k, padding=k // 2, groups=c) for c, k in zip(self.splits, kernels))

    def forward(self, x):
        return torch.cat([conv(part) for conv, part in zip(self.convs, torch.split(x, self.splits, 1))], 1)


ENTRIES = [
    Entry("vgg", lambda: VGG("tiny", False), image(8)),
    Entry("vgg_bn", lambda: VGG("small", True), image(8)),
    Entry("lenet", LeNet, image(16, 1)),
    Entry("squeezenet_fire", lambda: nn.Sequential(Fire(3, 2, 4), nn.MaxPool2d(2, ceil_mode=True), Fire(8, 2, 3)), image(9)),
    Entry("mobilenet_v3", lambda: nn.Sequential(InvertedResidual(4, 4, 1, 2, True), InvertedResidual(4, 6, 2, 1)), image(8, 4)),
    Entry("efficientnet", lambda: EfficientNet([BlockArgs(4), BlockArgs(4)]), image(9)),
    Entry("efficientnet_eval", lambda: EfficientNet([BlockArgs(4), BlockArgs(4)]), image(9), train=False),
    Entry("stochastic_depth", lambda: nn.Sequential(*[StochasticDepth(3, 0.5) for _ in range(3)]), image(8)),
    Entry("layer_drop_python_random", LayerDrop, lambda: (torch.randn(2, 4),)),
    Entry("drop_block", lambda: DropBlock2D(0.3, 3), image(8)),
    Entry("drop_block_even", lambda: DropBlock2D(0.3, 2), image(8)),
    Entry("mix_conv", lambda: MixConv(7), image(8, 7)),
]
