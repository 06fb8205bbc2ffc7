"""Low-level vision: super-resolution, denoising, fixed filters, wavelets, colour and erasing augmentations."""

import math
import numbers

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image


class MeanShift(nn.Conv2d):
    def __init__(self, rgb_range, rgb_mean=(0.45, 0.44, 0.40), rgb_std=(1.0, 1.0, 1.0), sign=-1):
        super().__init__(3, 3, kernel_size=1)
        std = torch.Tensor(rgb_std)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1) / std.view(3, 1, 1, 1)
        self.bias.data = sign * rgb_range * torch.Tensor(rgb_mean) / std
        for p in self.parameters():
            p.requires_grad = False


class Upsampler(nn.Sequential):
    def __init__(self, conv, scale, n_feats):
        m = []
        if (scale & (scale - 1)) == 0:
            for _ in range(int(math.log(scale, 2))):
                m.append(conv(n_feats, 4 * n_feats, 3))
                m.append(nn.PixelShuffle(2))
        elif scale == 3:
            m += [conv(n_feats, 9 * n_feats, 3), nn.PixelShuffle(3)]
        else:
            raise NotImplementedError
        super().__init__(*m)


def default_conv(in_channels, out_channels, kernel_size, bias=True):
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=(kernel_size // 2), bias=bias)


class EDSR(nn.Module):
    class ResBlock(nn.Module):
        def __init__(self, n, res_scale):
            super().__init__()
            self.body = nn.Sequential(default_conv(n, n, 3), nn.ReLU(True), default_conv(n, n, 3))
            self.res_scale = res_scale

        def forward(self, x):
            res = self.body(x).mul(self.res_scale)
            res += x
            return res

    def __init__(self, scale=4, n=4):
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(1.0), MeanShift(1.0, sign=1)
        self.head = nn.Sequential(default_conv(3, n, 3))
        self.body = nn.Sequential(*[EDSR.ResBlock(n, 0.1) for _ in range(2)], default_conv(n, n, 3))
        self.tail = nn.Sequential(Upsampler(default_conv, scale, n), default_conv(n, 3, 3))

    def forward(self, x):
        x = self.head(self.sub_mean(x))
        res = self.body(x)
        res += x
        return self.add_mean(self.tail(res))


class RRDB(nn.Module):
    """Residual in residual dense block, concatenating what came before each convolution."""

    def __init__(self, nf=4, gc=2):
        super().__init__()
        for i in range(4):
            self.add_module(f"conv{i}", nn.Conv2d(nf + i * gc, gc if i < 3 else nf, 3, 1, 1))
        self.lrelu = nn.LeakyReLU(0.2, True)

    def forward(self, x):
        x1 = self.lrelu(self.conv0(x))
        x2 = self.lrelu(self.conv1(torch.cat((x, x1), 1)))
        x3 = self.lrelu(self.conv2(torch.cat((x, x1, x2), 1)))
        x4 = self.conv3(torch.cat((x, x1, x2, x3), 1))
        return x4 * 0.2 + x


class DnCNN(nn.Module):
    def __init__(self, depth=4):
        super().__init__()
        layers = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4, eps=1e-4, momentum=0.95), nn.ReLU()]
        self.dncnn = nn.Sequential(*layers, nn.Conv2d(4, 1, 3, padding=1))

    def forward(self, x):
        return x - self.dncnn(x)


class BlurPool(nn.Module):
    def __init__(self, channels, pad_type="reflect", filt_size=3, stride=2, pad_off=0):
        super().__init__()
        lo, hi = int((filt_size - 1) / 2), int(np.ceil((filt_size - 1) / 2))
        self.pad_sizes = [p + pad_off for p in (lo, hi, lo, hi)]
        self.stride, self.off = stride, int((stride - 1) / 2.0)
        a = np.array([1.0, 2.0, 1.0])
        filt = torch.Tensor(a[:, None] * a[None, :])
        self.register_buffer("filt", (filt / torch.sum(filt))[None, None, :, :].repeat((channels, 1, 1, 1)))
        self.pad = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "zero": nn.ZeroPad2d}[pad_type](
            self.pad_sizes
        )

    def forward(self, inp):
        return F.conv2d(self.pad(inp), self.filt, stride=self.stride, groups=inp.shape[1])


class GaussianSmoothing(nn.Module):
    def __init__(self, channels, kernel_size, sigma, dim=2):
        super().__init__()
        if isinstance(kernel_size, numbers.Number):
            kernel_size = [kernel_size] * dim
        if isinstance(sigma, numbers.Number):
            sigma = [sigma] * dim
        kernel = 1
        grids = torch.meshgrid([torch.arange(size, dtype=torch.float32) for size in kernel_size], indexing="ij")
        for size, std, grid in zip(kernel_size, sigma, grids):
            mean = (size - 1) / 2
            kernel *= 1 / (std * math.sqrt(2 * math.pi)) * torch.exp(-(((grid - mean) / std) ** 2) / 2)
        kernel = kernel / torch.sum(kernel)
        self.register_buffer("weight", kernel.view(1, 1, *kernel.size()).repeat(channels, *[1] * (kernel.dim() + 1)))
        self.groups = channels
        self.conv = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[dim]

    def forward(self, input):
        return self.conv(input, weight=self.weight, groups=self.groups)


class SobelEdges(nn.Module):
    """Edge maps by fixed filters made at every call, on the input's device and dtype."""

    def forward(self, img):
        gray = img.mean(dim=1, keepdim=True) if img.size(1) == 3 else img
        kx = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).to(img)
        weight = torch.stack([kx, kx.t()]).unsqueeze(1)
        gx, gy = F.conv2d(gray, weight, padding=1).chunk(2, dim=1)
        magnitude = torch.sqrt(gx**2 + gy**2 + 1e-6)
        return magnitude, torch.atan2(gy, gx)


class GaborConv(nn.Module):
    """Filters computed from learned frequencies and orientations."""

    def __init__(self, out_channels, kernel_size=5):
        super().__init__()
        self.freq = nn.Parameter((math.pi / 2) * math.sqrt(2) ** (-torch.randint(0, 5, (out_channels, 1)).float()))
        self.theta = nn.Parameter((math.pi / 8) * torch.randint(0, 8, (out_channels, 1)).float())
        self.psi = nn.Parameter(math.pi * torch.rand(out_channels, 1))
        half = kernel_size // 2
        y, x = torch.meshgrid(torch.arange(-half, half + 1), torch.arange(-half, half + 1), indexing="ij")
        self.register_buffer("x", x.float())
        self.register_buffer("y", y.float())

    def forward(self, image):
        weights = []
        for i in range(self.freq.shape[0]):
            rotated = self.x * torch.cos(self.theta[i]) + self.y * torch.sin(self.theta[i])
            g = torch.exp(-0.5 * (self.x**2 + self.y**2) / 4.0) * torch.cos(self.freq[i] * rotated + self.psi[i])
            weights.append(g / (2 * math.pi))
        return F.conv2d(image, torch.stack(weights).unsqueeze(1), padding=2)


class HaarWavelet(nn.Module):
    """Forward and inverse Haar transform; the inverse writes quarters into a fresh tensor."""

    def decompose(self, x):
        x01, x02 = x[:, :, 0::2, :] / 2, x[:, :, 1::2, :] / 2
        x1, x2, x3, x4 = x01[:, :, :, 0::2], x02[:, :, :, 0::2], x01[:, :, :, 1::2], x02[:, :, :, 1::2]
        return torch.cat((x1 + x2 + x3 + x4, -x1 - x2 + x3 + x4, -x1 + x2 - x3 + x4, x1 - x2 - x3 + x4), 1)

    def compose(self, x):
        r = 2
        in_batch, in_channel, in_height, in_width = x.size()
        out_channel, out_height, out_width = int(in_channel / (r**2)), r * in_height, r * in_width
        a, b, c, d = (x[:, i * out_channel : (i + 1) * out_channel] / 2 for i in range(4))
        h = torch.zeros([in_batch, out_channel, out_height, out_width]).float()
        h[:, :, 0::2, 0::2] = a - b - c + d
        h[:, :, 1::2, 0::2] = a - b + c - d
        h[:, :, 0::2, 1::2] = a + b - c - d
        h[:, :, 1::2, 1::2] = a + b + c + d
        return h

    def forward(self, x):
        y = self.decompose(x)
        return self.compose(y * 0.9), y


class SSIM(nn.Module):
    """Structural similarity; the window is kept as an attribute and made again when the channels change."""

    def __init__(self, window_size=5, size_average=True):
        super().__init__()
        self.window_size, self.size_average, self.channel = window_size, size_average, 1
        self.window = self.create_window(window_size, 1)

    def create_window(self, size, channel):
        gauss = torch.Tensor([math.exp(-((x - size // 2) ** 2) / float(2 * 1.5**2)) for x in range(size)])
        line = (gauss / gauss.sum()).unsqueeze(1)
        return line.mm(line.t()).float().unsqueeze(0).unsqueeze(0).expand(channel, 1, size, size).contiguous()

    def forward(self, img1, img2):
        (_, channel, _, _) = img1.size()
        if channel == self.channel and self.window.data.type() == img1.data.type():
            window = self.window
        else:
            window = self.create_window(self.window_size, channel).type_as(img1)
            self.window = window
            self.channel = channel
        blur = lambda t: F.conv2d(t, window, padding=self.window_size // 2, groups=channel)  # noqa: E731
        mu1, mu2 = blur(img1), blur(img2)
        mu1_sq, mu2_sq, mu1_mu2 = mu1.pow(2), mu2.pow(2), mu1 * mu2
        sigma1, sigma2, sigma12 = blur(img1 * img1) - mu1_sq, blur(img2 * img2) - mu2_sq, blur(img1 * img2) - mu1_mu2
        c1, c2 = 0.01**2, 0.03**2
        ssim_map = ((2 * mu1_mu2 + c1) * (2 * sigma12 + c2)) / ((mu1_sq + mu2_sq + c1) * (sigma1 + sigma2 + c2))
        return ssim_map.mean() if self.size_average else ssim_map.mean(1).mean(1).mean(1)


class TVLoss(nn.Module):
    def __init__(self, weight=1):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        batch_size, h_x, w_x = x.size()[0], x.size()[2], x.size()[3]
        count_h = self._tensor_size(x[:, :, 1:, :])
        count_w = self._tensor_size(x[:, :, :, 1:])
        h_tv = torch.pow((x[:, :, 1:, :] - x[:, :, : h_x - 1, :]), 2).sum()
        w_tv = torch.pow((x[:, :, :, 1:] - x[:, :, :, : w_x - 1]), 2).sum()
        return self.weight * 2 * (h_tv / count_h + w_tv / count_w) / batch_size

    def _tensor_size(self, t):
        return t.size()[1] * t.size()[2] * t.size()[3]


class ColorJitter(nn.Module):
    """Brightness, contrast and saturation by draws per image, only in training."""

    def __init__(self, brightness=0.4, contrast=0.4, saturation=0.4, p=0.5):
        super().__init__()
        self.brightness, self.contrast, self.saturation, self.p = brightness, contrast, saturation, p

    def forward(self, x):
        if not self.training:
            return x
        n = x.size(0)
        if torch.rand(1) < self.p:
            x = x + torch.empty(n, 1, 1, 1).uniform_(-self.brightness, self.brightness)
        means = x.mean(dim=[1, 2, 3], keepdim=True)
        x = (x - means) * (1 + (torch.rand(n, 1, 1, 1) - 0.5) * self.contrast) + means
        gray = (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        return torch.clamp(torch.lerp(gray, x, 1 + self.saturation * torch.rand(n, 1, 1, 1)), 0, 1)


class Cutout(nn.Module):
    """Erases one square per batch, at a place drawn with torch and turned into Python numbers."""

    def __init__(self, length=3):
        super().__init__()
        self.length = length

    def forward(self, img):
        h, w = img.size(2), img.size(3)
        mask = torch.ones(h, w)
        y, x = torch.randint(h, (1,)).item(), torch.randint(w, (1,)).item()
        y1, y2 = max(y - self.length // 2, 0), min(y + self.length // 2 + 1, h)
        x1, x2 = max(x - self.length // 2, 0), min(x + self.length // 2 + 1, w)
        mask[y1:y2, x1:x2] = 0.0
        return img * mask.expand_as(img)


class GuidedFilter(nn.Module):
    def __init__(self, r=1, eps=1e-4):
        super().__init__()
        self.r, self.eps = r, eps

    def box(self, x):
        r = self.r
        x = x.cumsum(dim=2)
        x = torch.cat([x[:, :, r : 2 * r + 1], x[:, :, 2 * r + 1 :] - x[:, :, : -2 * r - 1], x[:, :, -1:] - x[:, :, -2 * r - 1 : -r - 1]], 2)
        x = x.cumsum(dim=3)
        return torch.cat([x[..., r : 2 * r + 1], x[..., 2 * r + 1 :] - x[..., : -2 * r - 1], x[..., -1:] - x[..., -2 * r - 1 : -r - 1]], 3)

    def forward(self, x, y):
        assert x.size()[2:] == y.size()[2:] and x.size(2) > 2 * self.r + 1, f"maps too small: {x.size()}"
        n = self.box(torch.ones_like(x))
        mean_x, mean_y = self.box(x) / n, self.box(y) / n
        cov = self.box(x * y) / n - mean_x * mean_y
        a = cov / (self.box(x * x) / n - mean_x * mean_x + self.eps)
        b = mean_y - a * mean_x
        return self.box(a) / n * x + self.box(b) / n


class KernelPrediction(nn.Module):
    """Per-pixel kernels applied by unfold, an ICNR-like shuffle up and an unshuffle down."""

    def __init__(self, k=3):
        super().__init__()
        self.k = k
        self.predict = nn.Conv2d(3, k * k, 3, padding=1)

    def forward(self, x):
        b, c, h, w = x.shape
        kernels = F.softmax(self.predict(x), dim=1).reshape(b, 1, self.k**2, h * w)
        patches = F.unfold(x, self.k, padding=self.k // 2).reshape(b, c, self.k**2, h * w)
        out = torch.einsum("bcks,bqks->bcs", patches, kernels).reshape(b, c, h, w)
        return F.pixel_unshuffle(out, 2), F.fold(out.reshape(b, c, h * w), (h, w), 1)


def pair(*shape):
    return lambda: (torch.rand(*shape), torch.rand(*shape))


ENTRIES = [
    Entry("edsr", EDSR, image(4)),
    Entry("edsr_x3", lambda: EDSR(scale=3), image(4), train=False),
    Entry("rrdb", RRDB, image(6, 4)),
    Entry("dncnn", DnCNN, image(8, 1)),
    Entry("blur_pool", lambda: BlurPool(3), image(9)),
    Entry("gaussian_smoothing", lambda: GaussianSmoothing(3, 5, 1.0), image(8)),
    Entry("sobel_edges", SobelEdges, image(8)),
    Entry("gabor_conv", lambda: GaborConv(4), image(8, 1)),
    Entry("haar_wavelet", HaarWavelet, image(8)),
    Entry("ssim", SSIM, pair(2, 3, 8, 8)),
    Entry("tv_loss", TVLoss, image(8)),
    Entry("color_jitter", ColorJitter, image(8)),
    Entry("cutout", Cutout, image(8)),
    Entry("guided_filter", GuidedFilter, pair(1, 2, 7, 8)),
    Entry("kernel_prediction", KernelPrediction, image(6)),
]
