"""Dense prediction: U-Net, FPN, ASPP, PSP, SegNet, attention gates, HRNet fusion, RefineNet-like decoders."""

import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image


class DoubleConv(nn.Module):
    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, 3, padding=1),
        )

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    """Upsamples and pads to the size of the skip connection."""

    def __init__(self, in_channels, out_channels, bilinear):
        super().__init__()
        if bilinear:
            self.up = nn.Sequential(
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.Conv2d(in_channels, out_channels, 1)
            )
        else:
            self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.conv = DoubleConv(2 * out_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diff_y = x2.size()[2] - x1.size()[2]
        diff_x = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diff_x // 2, diff_x - diff_x // 2, diff_y // 2, diff_y - diff_y // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, n_channels=3, n_classes=2, bilinear=False):
        super().__init__()
        self.inc = DoubleConv(n_channels, 4)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(4, 8))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 16))
        self.up1 = Up(16, 8, bilinear)
        self.up2 = Up(8, 4, bilinear)
        self.outc = nn.Conv2d(4, n_classes, 1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


class NestedUNet(nn.Module):
    """U-Net whose skips are kept in a list and popped on the way up; sizes follow the skip by interpolation."""

    def __init__(self, widths=(4, 6, 8), deep_supervision=True):
        super().__init__()
        self.encoders, self.decoders, self.heads = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        previous = 3
        for w in widths:
            self.encoders.append(DoubleConv(previous, w))
            previous = w
        for a, b in zip(widths[::-1][:-1], reversed(widths[:-1])):
            self.decoders.append(DoubleConv(a + b, b))
            self.heads.append(nn.Conv2d(b, 1, 1))
        self.deep_supervision = deep_supervision

    def forward(self, x):
        skips = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
            x = F.max_pool2d(x, 2, ceil_mode=True)
        x = skips.pop()
        outputs = []
        for decoder, head in zip(self.decoders, self.heads):
            skip = skips.pop()
            x = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            x = decoder(torch.cat((x, skip), 1))
            outputs.append(head(x))
        return outputs if self.deep_supervision else outputs[-1]


class FPN(nn.Module):
    def __init__(self, channels=(3, 4, 6), out=4):
        super().__init__()
        self.stem = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip((3, *channels), channels))
        self.inner = nn.ModuleList(nn.Conv2d(c, out, 1) for c in channels)
        self.outer = nn.ModuleList(nn.Conv2d(out, out, 3, padding=1) for _ in channels)

    def _upsample_add(self, x, y):
        _, _, h, w = y.size()
        return F.interpolate(x, size=(h, w), mode="nearest") + y

    def forward(self, x):
        features = {}
        for i, layer in enumerate(self.stem):
            x = F.relu(layer(x))
            features[f"c{i}"] = x
        results = []
        last = self.inner[-1](x)
        results.append(self.outer[-1](last))
        for idx in range(len(self.inner) - 2, -1, -1):
            last = self._upsample_add(last, self.inner[idx](features[f"c{idx}"]))
            results.insert(0, self.outer[idx](last))
        results.append(F.max_pool2d(results[-1], 1, 2, 0))
        return tuple(results)


class ASPP(nn.Module):
    class Pooling(nn.Sequential):
        def __init__(self, in_channels, out_channels):
            super().__init__(nn.AdaptiveAvgPool2d(1), nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.ReLU())

        def forward(self, x):
            size = x.shape[-2:]
            for mod in self:
                x = mod(x)
            return F.interpolate(x, size=size, mode="bilinear", align_corners=False)

    def __init__(self, in_channels, rates=(1, 2, 3), out_channels=4):
        super().__init__()
        modules = [nn.Conv2d(in_channels, out_channels, 3, padding=r, dilation=r, bias=False) for r in rates]
        modules.append(ASPP.Pooling(in_channels, out_channels))
        self.convs = nn.ModuleList(modules)
        self.project = nn.Sequential(nn.Conv2d(len(modules) * out_channels, out_channels, 1), nn.Dropout(0.5))

    def forward(self, x):
        res = []
        for conv in self.convs:
            res.append(conv(x))
        return self.project(torch.cat(res, dim=1))


class PyramidPooling(nn.Module):
    def __init__(self, channels, sizes=(1, 2, 3, 6)):
        super().__init__()
        self.stages = nn.ModuleList([self._make_stage(channels, size) for size in sizes])
        self.bottleneck = nn.Conv2d(channels * (len(sizes) + 1), channels, 1)

    def _make_stage(self, channels, size):
        return nn.Sequential(nn.AdaptiveAvgPool2d(output_size=(size, size)), nn.Conv2d(channels, channels, 1, bias=False))

    def forward(self, feats):
        h, w = feats.size(2), feats.size(3)
        priors = [F.interpolate(stage(feats), size=(h, w), mode="bilinear") for stage in self.stages] + [feats]
        return F.relu(self.bottleneck(torch.cat(priors, 1)))


class SegNet(nn.Module):
    """Encoder and decoder that hand pooling indices and sizes across."""

    def __init__(self):
        super().__init__()
        self.enc = nn.ModuleList([nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)])
        self.dec = nn.ModuleList([nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)])
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, x):
        indices, sizes = [], []
        for conv in self.enc:
            x = F.relu(conv(x))
            sizes.append(x.size())
            x, index = self.pool(x)
            indices.append(index)
        for conv, index, size in zip(self.dec, indices[::-1], sizes[::-1]):
            x = conv(self.unpool(x, index, output_size=size))
        return torch.softmax(x, dim=1)


class AttentionGate(nn.Module):
    def __init__(self, g_channels, l_channels, inter):
        super().__init__()
        self.w_g = nn.Sequential(nn.Conv2d(g_channels, inter, 1), nn.BatchNorm2d(inter))
        self.w_x = nn.Sequential(nn.Conv2d(l_channels, inter, 1), nn.BatchNorm2d(inter))
        self.psi = nn.Sequential(nn.Conv2d(inter, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, g, x):
        g1 = self.w_g(g)
        x1 = self.w_x(x)
        psi = self.psi(self.relu(g1 + x1))
        return x * psi


class HighResolutionFuse(nn.Module):
    """HRNet's exchange: every resolution gets the sum of all, up- or downsampled."""

    def __init__(self, widths=(4, 6, 8)):
        super().__init__()
        self.num_branches = len(widths)
        layers = []
        for i in range(self.num_branches):
            row = []
            for j in range(self.num_branches):
                if j > i:
                    row.append(nn.Conv2d(widths[j], widths[i], 1, bias=False))
                elif j == i:
                    row.append(None)
                else:
                    downs = [nn.Conv2d(widths[j], widths[j], 3, 2, 1) for _ in range(i - j - 1)]
                    row.append(nn.Sequential(*downs, nn.Conv2d(widths[j], widths[i], 3, 2, 1)))
            layers.append(nn.ModuleList(row))
        self.fuse_layers = nn.ModuleList(layers)

    def forward(self, x):
        x_fuse = []
        for i in range(len(self.fuse_layers)):
            y = x[0] if i == 0 else self.fuse_layers[i][0](x[0])
            for j in range(1, self.num_branches):
                if i == j:
                    y = y + x[j]
                elif j > i:
                    height, width = x[i].shape[-2], x[i].shape[-1]
                    y = y + F.interpolate(self.fuse_layers[i][j](x[j]), size=[height, width], mode="nearest")
                else:
                    y = y + self.fuse_layers[i][j](x[j])
            x_fuse.append(F.relu(y))
        return x_fuse


class BoundaryRefine(nn.Module):
    """A large separable kernel in both orders, then a residual refinement, inside one module."""

    def __init__(self, in_c, out_c, k=5):
        super().__init__()
        pad = (k - 1) // 2
        self.l1, self.l2 = nn.Conv2d(in_c, out_c, (k, 1), padding=(pad, 0)), nn.Conv2d(out_c, out_c, (1, k), padding=(0, pad))
        self.r1, self.r2 = nn.Conv2d(in_c, out_c, (1, k), padding=(0, pad)), nn.Conv2d(out_c, out_c, (k, 1), padding=(pad, 0))
        self.refine = nn.Conv2d(out_c, out_c, 3, padding=1)

    def forward(self, x):
        assert self.l2(self.l1(x)).size() == self.r2(self.r1(x)).size()
        x = self.l2(self.l1(x)) + self.r2(self.r1(x))
        return x.add(self.refine(F.leaky_relu(x, 0.1)))


class CropConcat(nn.Module):
    """The original U-Net skip: a centre crop of the wider map."""

    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)

    def center_crop(self, layer, target_size):
        _, _, h, w = layer.size()
        y, x = (h - target_size[0]) // 2, (w - target_size[1]) // 2
        return layer[:, :, y : (y + target_size[0]), x : (x + target_size[1])]

    def forward(self, x, bridge):
        up = self.up(x)
        return torch.cat([up, self.center_crop(bridge, up.shape[2:])], 1)


class VNet3D(nn.Module):
    def __init__(self, elu=True):
        super().__init__()
        self.down = nn.Conv3d(1, 4, 2, stride=2)
        self.act = nn.ELU(inplace=True) if elu else nn.PReLU(4)
        self.up = nn.ConvTranspose3d(4, 2, 2, stride=2)
        self.norm = nn.InstanceNorm3d(2, affine=True)

    def forward(self, x):
        repeated = torch.cat([x] * 4, 1)[:, ::2]
        out = self.up(self.act(self.down(x)))
        out = self.norm(out + repeated[:, :2])
        out = out.permute(0, 2, 3, 4, 1).contiguous()
        out = out.view(out.numel() // 2, 2)
        return F.log_softmax(out, dim=1)


ENTRIES = [
    Entry("unet", UNet, image(17)),
    Entry("unet_bilinear", lambda: UNet(bilinear=True), image(18)),
    Entry("nested_unet", NestedUNet, image(13)),
    Entry("nested_unet_last", lambda: NestedUNet(deep_supervision=False), image(12), train=False),
    Entry("fpn", FPN, image(16)),
    Entry("aspp", lambda: ASPP(3), image(8)),
    Entry("pyramid_pooling", lambda: PyramidPooling(4), image(9, 4)),
    Entry("segnet", SegNet, image(9)),
    Entry("attention_gate", lambda: AttentionGate(4, 3, 2), lambda: (torch.randn(2, 4, 6, 6), torch.randn(2, 3, 6, 6))),
    Entry("hrnet_fuse", HighResolutionFuse, lambda: ([torch.randn(2, c, s, s) for c, s in [(4, 16), (6, 8), (8, 4)]],)),
    Entry("global_conv_refine", lambda: BoundaryRefine(3, 4), image(8)),
    Entry("crop_concat", CropConcat, lambda: (torch.randn(1, 4, 4, 4), torch.randn(1, 3, 11, 13))),
    Entry("vnet_3d", VNet3D, lambda: (torch.randn(1, 1, 4, 4, 4),)),
]
