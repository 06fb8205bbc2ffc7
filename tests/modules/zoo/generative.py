"""GANs: DCGAN, PatchGAN, style modulation, gradient reversal, conditional norms, equalized layers."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Function
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from .entry import Entry, image


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class DCGenerator(nn.Module):
    def __init__(self, nz=6, ngf=4, ngpu=1):
        super().__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        self.apply(weights_init)

    def forward(self, input):
        if input.is_cuda and self.ngpu > 1:
            return nn.parallel.data_parallel(self.main, input, range(self.ngpu))
        return self.main(input)


class PatchDiscriminator(nn.Module):
    """PatchGAN with spectral norm; the power iteration updates its buffers in training."""

    def __init__(self, ndf=4, norm=spectral_norm):
        super().__init__()
        self.layers = nn.ModuleList([norm(nn.Conv2d(3, ndf, 4, 2, 1)), norm(nn.Conv2d(ndf, ndf * 2, 4, 2, 1))])
        self.last = nn.Conv2d(ndf * 2, 1, 3, padding=1)

    def forward(self, x, return_features=False):
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        x = self.last(x)
        return (x, features) if return_features else x


class MultiScaleDiscriminator(nn.Module):
    def __init__(self, num_d=2):
        super().__init__()
        self.num_d = num_d
        for i in range(num_d):
            setattr(self, "scale_" + str(i), nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1), nn.InstanceNorm2d(4), nn.LeakyReLU(0.2)))
        self.downsample = nn.AvgPool2d(3, stride=2, padding=[1, 1], count_include_pad=False)

    def forward(self, input):
        result = []
        for i in range(self.num_d):
            result.append([getattr(self, "scale_" + str(self.num_d - 1 - i))(input)])
            if i != (self.num_d - 1):
                input = self.downsample(input)
        return result


class ReverseGradient(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.alpha, None


class DomainAdversarial(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(5, 8), nn.ReLU(True))
        self.class_classifier = nn.Linear(8, 3)
        self.domain_classifier = nn.Linear(8, 2)

    def forward(self, input_data, alpha):
        feature = self.feature(input_data)
        reverse = ReverseGradient.apply(feature, alpha)
        return self.class_classifier(feature), self.domain_classifier(reverse)


class PixelNorm(nn.Module):
    def forward(self, x):
        return x * torch.rsqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


class MinibatchStddev(nn.Module):
    def __init__(self, group_size=4):
        super().__init__()
        self.group_size = group_size

    def forward(self, x):
        batch, channels, height, width = x.shape
        group = min(batch, self.group_size)
        y = x.reshape([group, -1, channels, height, width])
        y = y - y.mean(0, keepdim=True)
        y = ((y**2).mean(0) + 1e-8).sqrt().mean([1, 2, 3], keepdim=True)
        return torch.cat([x, y.repeat(group, 1, height, width)], 1)


class EqualLinear(nn.Module):
    def __init__(self, in_dim, out_dim, bias_init=0, lr_mul=0.01, activation=None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim).div_(lr_mul))
        self.bias = nn.Parameter(torch.zeros(out_dim).fill_(bias_init))
        self.scale, self.lr_mul, self.activation = (1 / math.sqrt(in_dim)) * lr_mul, lr_mul, activation

    def forward(self, input):
        if self.activation:
            out = F.linear(input, self.weight * self.scale)
            return F.leaky_relu(out + self.bias * self.lr_mul, 0.2) * 2**0.5
        return F.linear(input, self.weight * self.scale, bias=self.bias * self.lr_mul)


class ModulatedConv2d(nn.Module):
    def __init__(self, in_channel, out_channel, style_dim, demodulate=True, upsample=False):
        super().__init__()
        self.out_channel, self.demodulate, self.upsample = out_channel, demodulate, upsample
        self.weight = nn.Parameter(torch.randn(1, out_channel, in_channel, 3, 3))
        self.modulation = EqualLinear(style_dim, in_channel, bias_init=1, lr_mul=1)

    def forward(self, input, style):
        batch, in_channel, height, width = input.shape
        style = self.modulation(style).view(batch, 1, in_channel, 1, 1)
        weight = self.weight * style
        if self.demodulate:
            demod = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
            weight = weight * demod.view(batch, self.out_channel, 1, 1, 1)
        weight = weight.view(batch * self.out_channel, in_channel, 3, 3)
        input = input.view(1, batch * in_channel, height, width)
        if self.upsample:
            weight = weight.view(batch, self.out_channel, in_channel, 3, 3).transpose(1, 2)
            weight = weight.reshape(batch * in_channel, self.out_channel, 3, 3)
            out = F.conv_transpose2d(input, weight, padding=0, stride=2, groups=batch)
        else:
            out = F.conv2d(input, weight, padding=1, groups=batch)
        return out.view(batch, self.out_channel, *out.shape[-2:])


class StyleGenerator(nn.Module):
    """Mapping network, style mixing at an index, noise injection, a skip of RGB outputs."""

    def __init__(self, dim=4):
        super().__init__()
        self.mapping = nn.Sequential(PixelNorm(), *[EqualLinear(dim, dim, activation=True) for _ in range(2)])
        self.constant = nn.Parameter(torch.randn(1, 4, 4, 4))
        self.convs = nn.ModuleList([ModulatedConv2d(4, 4, dim), ModulatedConv2d(4, 4, dim, upsample=True)])
        self.noise_weight = nn.Parameter(torch.zeros(2) + 0.1)
        self.to_rgb = nn.ModuleList([ModulatedConv2d(4, 3, dim, demodulate=False) for _ in range(2)])

    def forward(self, styles, inject_index=None, noise=None, input_is_latent=False):
        if not input_is_latent:
            styles = [self.mapping(s) for s in styles]
        if len(styles) < 2:
            latent = styles[0].unsqueeze(1).repeat(1, 2, 1)
        else:
            if inject_index is None:
                inject_index = 1
            first = styles[0].unsqueeze(1).repeat(1, inject_index, 1)
            latent = torch.cat([first, styles[1].unsqueeze(1).repeat(1, 2 - inject_index, 1)], 1)
        out, skip = self.constant.repeat(latent.shape[0], 1, 1, 1), None
        for i, (conv, to_rgb) in enumerate(zip(self.convs, self.to_rgb)):
            out = conv(out, latent[:, i])
            if noise is None:
                layer_noise = out.new_empty(out.shape[0], 1, out.shape[2], out.shape[3]).normal_()
            else:
                layer_noise = noise[i]
            out = F.leaky_relu(out + self.noise_weight[i] * layer_noise, 0.2)
            rgb = to_rgb(out, latent[:, i])
            skip = rgb if skip is None else rgb + F.interpolate(skip, size=rgb.shape[-2:], mode="bilinear")
        return skip, None


class AdaIN(nn.Module):
    def __init__(self, style_dim, num_features):
        super().__init__()
        self.norm = nn.InstanceNorm2d(num_features, affine=False)
        self.fc = nn.Linear(style_dim, num_features * 2)

    def forward(self, x, s):
        h = self.fc(s)
        h = h.view(h.size(0), h.size(1), 1, 1)
        gamma, beta = torch.chunk(h, chunks=2, dim=1)
        return (1 + gamma) * self.norm(x) + beta


class ConditionalBatchNorm2d(nn.Module):
    def __init__(self, num_features, num_classes):
        super().__init__()
        self.num_features = num_features
        self.bn = nn.BatchNorm2d(num_features, affine=False)
        self.embed = nn.Embedding(num_classes, num_features * 2)
        self.embed.weight.data[:, :num_features].normal_(1, 0.02)
        self.embed.weight.data[:, num_features:].zero_()

    def forward(self, x, y):
        gamma, beta = self.embed(y).chunk(2, 1)
        return gamma.view(-1, self.num_features, 1, 1) * self.bn(x) + beta.view(-1, self.num_features, 1, 1)


class SelfAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.query_key = nn.Conv1d(channels, channels, 1)
        self.value = parametrizations.spectral_norm(nn.Conv1d(channels, channels, 1, bias=False))
        self.gamma = nn.Parameter(torch.tensor([0.3]))

    def forward(self, x):
        size = x.size()
        x = x.view(*size[:2], -1)
        query, key = self.query_key(x).chunk(2, 1)
        beta = F.softmax(torch.bmm(query.permute(0, 2, 1).contiguous(), key), dim=1)
        return (self.gamma * torch.bmm(self.value(x), beta) + x).view(*size).contiguous()


class SPADE(nn.Module):
    def __init__(self, channels, label_nc, config="spadeinstance3x3"):
        super().__init__()
        assert config.startswith("spade")
        self.norm = nn.InstanceNorm2d(channels, affine=False) if "instance" in config else nn.BatchNorm2d(channels)
        self.shared = nn.Sequential(nn.Conv2d(label_nc, 4, 3, padding=1), nn.ReLU())
        self.gamma, self.beta = nn.Conv2d(4, channels, 3, padding=1), nn.Conv2d(4, channels, 3, padding=1)

    def forward(self, x, segmap):
        normalized = self.norm(x)
        actv = self.shared(F.interpolate(segmap, size=x.size()[2:], mode="nearest"))
        return normalized * (1 + self.gamma(actv)) + self.beta(actv)


class GANLoss(nn.Module):
    """Least-squares or hinge objective; the target is grown from a buffer to the prediction's shape."""

    def __init__(self, mode="lsgan", real=1.0, fake=0.0):
        super().__init__()
        self.register_buffer("real_label", torch.tensor(real))
        self.register_buffer("fake_label", torch.tensor(fake))
        self.mode = mode
        self.loss = nn.MSELoss() if mode == "lsgan" else None

    def __call__(self, prediction, target_is_real):
        if self.mode == "lsgan":
            target = self.real_label if target_is_real else self.fake_label
            return self.loss(prediction, target.expand_as(prediction))
        return -prediction.mean() if target_is_real else F.relu(1 + prediction).mean()


class ResnetGenerator(nn.Module):
    """CycleGAN's generator in little: reflection padding, instance norm, a weight-normalised tail."""

    def __init__(self, nf=4):
        super().__init__()
        block = [nn.ReflectionPad2d(1), nn.Conv2d(nf, nf, 3), nn.InstanceNorm2d(nf, track_running_stats=True)]
        self.head = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, nf, 7), nn.InstanceNorm2d(nf), nn.ReLU(True))
        self.block = nn.Sequential(*block)
        self.tail = weight_norm(nn.ConvTranspose2d(nf, 3, 3, stride=2, padding=1, output_padding=1))

    def forward(self, x):
        x = self.head(x)
        return torch.tanh(self.tail(x + self.block(x)))


ENTRIES = [
    Entry("dc_generator", DCGenerator, image(1, 6)),
    Entry("patch_discriminator", PatchDiscriminator, lambda: (torch.randn(2, 3, 8, 8), True)),
    Entry("patch_discriminator_parametrized", lambda: PatchDiscriminator(norm=parametrizations.spectral_norm), image(8)),
    Entry("patch_discriminator_eval", PatchDiscriminator, image(8), train=False),
    Entry("multi_scale_discriminator", MultiScaleDiscriminator, image(12)),
    Entry("domain_adversarial", DomainAdversarial, lambda: (torch.randn(3, 5), 0.7)),
    Entry("minibatch_stddev", MinibatchStddev, lambda: (torch.randn(8, 3, 4, 4),)),
    Entry("style_generator", StyleGenerator, lambda: ([torch.randn(2, 4)],)),
    Entry("style_generator_mixing", StyleGenerator, lambda: ([torch.randn(2, 4), torch.randn(2, 4)], 1)),
    Entry("adain", lambda: AdaIN(3, 4), lambda: (torch.randn(2, 4, 5, 5), torch.randn(2, 3))),
    Entry("conditional_batch_norm", lambda: ConditionalBatchNorm2d(4, 3), lambda: (torch.randn(2, 4, 5, 5), torch.randint(3, (2,)))),
    Entry("sagan_attention", lambda: SelfAttention(4), image(4, 4)),
    Entry("spade", lambda: SPADE(4, 2), lambda: (torch.randn(2, 4, 8, 8), torch.rand(2, 2, 4, 4))),
    Entry("gan_loss_lsgan", GANLoss, lambda: (torch.randn(2, 1, 3, 3), True)),
    Entry("gan_loss_hinge", lambda: GANLoss("hinge"), lambda: (torch.randn(2, 1, 3, 3), False)),
    Entry("resnet_generator", ResnetGenerator, image(8)),
]
