"""Residual blocks and their relatives: ResNet, ResNeXt, Res2Net, DenseNet, ShuffleNet, RepVGG, ConvNeXt."""

import functools
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image


def conv3x3(in_planes, out_planes, stride=1, groups=1):
    return nn.Conv2d(in_planes, out_planes, 3, stride=stride, padding=1, groups=groups, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1, downsample=None, norm_layer=nn.BatchNorm2d):
        super().__init__()
        self.conv1 = conv3x3(in_planes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_planes, planes, stride=1, downsample=None, norm_layer=nn.BatchNorm2d, groups=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 1, bias=False)
        self.bn1 = norm_layer(planes)
        self.conv2 = conv3x3(planes, planes, stride, groups)
        self.bn2 = norm_layer(planes)
        self.conv3 = nn.Conv2d(planes, planes * self.expansion, 1, bias=False)
        self.bn3 = norm_layer(planes * self.expansion)
        self.downsample = downsample

    def forward(self, x):
        residual = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = F.relu(self.bn2(self.conv2(out)), inplace=True)
        return F.relu(self.bn3(self.conv3(out)) + residual, inplace=True)


class ResNet(nn.Module):
    def __init__(self, block, layers, num_classes=5, norm_layer=None, width=4):
        super().__init__()
        self.in_planes = width
        self.norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = self.norm_layer(width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for i, count in enumerate(layers):
            setattr(self, f"layer{i + 1}", self._make_layer(block, width * 2**i, count, stride=1 if i == 0 else 2))
        self.num_stages = len(layers)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(self.in_planes, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def _make_layer(self, block, planes, blocks, stride):
        downsample = None
        if stride != 1 or self.in_planes != planes * block.expansion:
            downsample = nn.Sequential(
                nn.Conv2d(self.in_planes, planes * block.expansion, 1, stride=stride, bias=False),
                self.norm_layer(planes * block.expansion),
            )
        layers = [block(self.in_planes, planes, stride, downsample, self.norm_layer)]
        self.in_planes = planes * block.expansion
        layers += [block(self.in_planes, planes, norm_layer=self.norm_layer) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for i in range(self.num_stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Res2NetUnit(nn.Module):
    """A hierarchy of convolutions over channel splits, each fed with the one before."""

    def __init__(self, channels, scale=4):
        super().__init__()
        self.scale = scale
        width = channels // scale
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(scale - 1))
        self.bns = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(scale - 1))

    def forward(self, x):
        splits = torch.split(x, x.size(1) // self.scale, dim=1)
        outputs = [splits[0]]
        previous = None
        for i in range(self.scale - 1):
            part = splits[i + 1] if previous is None else splits[i + 1] + previous
            previous = F.relu(self.bns[i](self.convs[i](part)))
            outputs.append(previous)
        return torch.cat(outputs, dim=1) + x


class DenseLayer(nn.Sequential):
    def __init__(self, channels, growth, drop_rate):
        super().__init__(
            OrderedDict(
                norm1=nn.BatchNorm2d(channels),
                relu1=nn.ReLU(inplace=True),
                conv1=nn.Conv2d(channels, growth, 3, padding=1, bias=False),
            )
        )
        self.drop_rate = drop_rate

    def forward(self, x):
        new_features = super().forward(x)
        if self.drop_rate > 0:
            new_features = F.dropout(new_features, p=self.drop_rate, training=self.training)
        return torch.cat([x, new_features], 1)


class DenseNet(nn.Module):
    def __init__(self, growth=3, depth=(2, 2), drop_rate=0.2):
        super().__init__()
        channels = 2 * growth
        self.features = nn.Sequential(OrderedDict([("conv0", nn.Conv2d(3, channels, 3, padding=1))]))
        for i, count in enumerate(depth):
            for j in range(count):
                self.features.add_module(f"dense{i}_{j}", DenseLayer(channels, growth, drop_rate))
                channels += growth
            self.features.add_module(f"pool{i}", nn.AvgPool2d(2))
        self.classifier = nn.Linear(channels, 4)

    def forward(self, x):
        out = F.relu(self.features(x), inplace=True)
        out = F.adaptive_avg_pool2d(out, 1).view(x.size(0), -1)
        return self.classifier(out)


def channel_shuffle(x, groups):
    batch, channels, height, width = x.size()
    x = x.view(batch, groups, channels // groups, height, width)
    x = torch.transpose(x, 1, 2).contiguous()
    return x.view(batch, -1, height, width)


class ShuffleUnit(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.stride = stride
        branch = channels // 2
        if stride > 1:
            self.branch1 = nn.Sequential(
                nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
                nn.BatchNorm2d(channels),
                nn.Conv2d(channels, branch, 1),
            )
        entry = channels if stride > 1 else branch
        self.branch2 = nn.Sequential(
            nn.Conv2d(entry, branch, 1, bias=False),
            nn.BatchNorm2d(branch),
            nn.ReLU(inplace=True),
            nn.Conv2d(branch, branch, 3, stride, 1, groups=branch, bias=False),
        )

    def forward(self, x):
        if self.stride == 1:
            x1, x2 = x.chunk(2, dim=1)
            out = torch.cat((x1, self.branch2(x2)), dim=1)
        else:
            out = torch.cat((self.branch1(x), self.branch2(x)), dim=1)
        return channel_shuffle(out, 2)


class Inception(nn.Module):
    def __init__(self, channels, widths):
        super().__init__()
        self.branch1 = nn.Conv2d(channels, widths[0], 1)
        self.branch2 = nn.Sequential(nn.Conv2d(channels, widths[1], 1), nn.ReLU(), nn.Conv2d(widths[1], 4, 3, padding=1))
        self.branch3 = nn.Sequential(nn.Conv2d(channels, widths[2], (1, 5), padding=(0, 2)), nn.ReLU())
        self.branch_pool = nn.Conv2d(channels, widths[3], 1)

    def _forward(self, x):
        pooled = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
        return [self.branch1(x), self.branch2(x), self.branch3(x), self.branch_pool(pooled)]

    def forward(self, x):
        return torch.cat(self._forward(x), 1)


class RepVGGBlock(nn.Module):
    """Three parallel branches in training; a single convolution after ``switch_to_deploy``."""

    def __init__(self, channels, deploy=False):
        super().__init__()
        self.deploy = deploy
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.point = nn.Conv2d(channels, channels, 1)
        self.identity = nn.BatchNorm2d(channels)

    def fused_kernel(self):
        return self.conv.weight + F.pad(self.point.weight, [1, 1, 1, 1]), self.conv.bias + self.point.bias

    def forward(self, x):
        if self.deploy:
            weight, bias = self.fused_kernel()
            return F.relu(F.conv2d(x, weight, bias, padding=1))
        identity = self.identity(x) if hasattr(self, "identity") else 0
        return F.relu(self.conv(x) + self.point(x) + identity)


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, dim, layer_scale=1e-6):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(layer_scale * torch.ones(dim)) if layer_scale > 0 else None
        self.out_norm = LayerNorm2d(dim)

    def forward(self, x):
        shortcut = x
        x = self.dwconv(x).permute(0, 2, 3, 1)
        x = self.pwconv2(F.gelu(self.pwconv1(self.norm(x))))
        if self.gamma is not None:
            x = self.gamma * x
        return self.out_norm(shortcut + x.permute(0, 3, 1, 2))


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x, *args, **kwargs):
        return self.fn(x, *args, **kwargs) + x


def conv_mixer(dim, depth):
    return nn.Sequential(
        nn.Conv2d(3, dim, kernel_size=2, stride=2),
        nn.GELU(),
        *[
            nn.Sequential(Residual(nn.Sequential(nn.Conv2d(dim, dim, 3, groups=dim, padding="same"), nn.GELU())))
            for _ in range(depth)
        ],
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(dim, 3),
    )


class GhostModule(nn.Module):
    def __init__(self, in_channels, out_channels, ratio=2):
        super().__init__()
        self.out_channels = out_channels
        primary = -(-out_channels // ratio)
        self.primary = nn.Sequential(nn.Conv2d(in_channels, primary, 1), nn.BatchNorm2d(primary), nn.ReLU(True))
        self.cheap = nn.Conv2d(primary, primary * (ratio - 1), 3, padding=1, groups=primary)

    def forward(self, x):
        x1 = self.primary(x)
        x2 = self.cheap(x1)
        return torch.cat([x1, x2], dim=1)[:, : self.out_channels, :, :]


class PreActResNet(nn.Module):
    """Pre-activation blocks whose shortcut exists only where shapes differ."""

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.bn = nn.BatchNorm2d(a)
            self.conv = conv3x3(a, b, stride)
            if stride != 1 or a != b:
                self.shortcut = nn.Conv2d(a, b, 1, stride=stride, bias=False)

        def forward(self, x):
            out = F.relu(self.bn(x))
            shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
            return self.conv(out) + shortcut

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([self.Block(3, 4, 1), self.Block(4, 4, 1), self.Block(4, 8, 2)])
        self.linear = nn.Linear(8, 3)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = F.avg_pool2d(x, x.shape[2:])
        return self.linear(x.view(x.size(0), -1)), x


class WideShortcut(nn.Module):
    """The CIFAR shortcut: subsample, then pad the channels with zeros."""

    def __init__(self, planes):
        super().__init__()
        self.planes = planes
        self.conv = nn.Conv2d(3, planes, 3, stride=2, padding=1)

    def forward(self, x):
        extra = self.planes - x.shape[1]
        left = extra // 2
        shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, left, extra - left), "constant", 0)
        return F.relu(self.conv(x) + shortcut)


group_norm = functools.partial(nn.GroupNorm, 2)

ENTRIES = [
    Entry("basic_block", lambda: BasicBlock(4, 4), image(8, 4)),
    Entry("resnet_basic", lambda: ResNet(BasicBlock, [1, 1, 1]), image(16)),
    Entry("resnet_bottleneck_eval", lambda: ResNet(Bottleneck, [1, 1]), image(16), train=False),
    Entry("resnet_group_norm_partial", lambda: ResNet(BasicBlock, [1, 1], norm_layer=group_norm), image(16)),
    Entry("res2net", lambda: Res2NetUnit(8), image(8, 8)),
    Entry("densenet", DenseNet, image(8)),
    Entry("shuffle_unit", lambda: nn.Sequential(ShuffleUnit(8, 1), ShuffleUnit(8, 2)), image(8, 8)),
    Entry("inception", lambda: Inception(4, (2, 3, 4, 5)), image(8, 4)),
    Entry("repvgg_train", lambda: RepVGGBlock(4), image(8, 4)),
    Entry("repvgg_deploy", lambda: RepVGGBlock(4, deploy=True), image(8, 4), train=False),
    Entry("convnext_block", lambda: ConvNeXtBlock(4), image(8, 4)),
    Entry("conv_mixer", lambda: conv_mixer(4, 2), image(8)),
    Entry("ghost_module", lambda: GhostModule(4, 7), image(8, 4)),
    Entry("preact_resnet", PreActResNet, image(8)),
    Entry("zero_padded_shortcut", lambda: WideShortcut(8), image(8)),
]
