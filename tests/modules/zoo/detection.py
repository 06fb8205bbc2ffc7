"""Detection and geometry: YOLO and SSD heads, anchors, box decoding, RoI pooling, corner pooling, spatial transformers."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .entry import Entry, image


class YOLOHead(nn.Module):
    """Decodes boxes outside of training, with a grid that is made again when the feature map changes."""

    stride = None

    def __init__(self, nc=2, anchors=((10, 13, 16, 30), (30, 61, 62, 45)), ch=(4, 6)):
        super().__init__()
        self.nc, self.no = nc, nc + 5
        self.nl, self.na = len(anchors), len(anchors[0]) // 2
        self.grid = [torch.zeros(1)] * self.nl
        a = torch.tensor(anchors).float().view(self.nl, -1, 2)
        self.register_buffer("anchors", a)
        self.register_buffer("anchor_grid", a.clone().view(self.nl, 1, -1, 1, 1, 2))
        self.m = nn.ModuleList(nn.Conv2d(x, self.no * self.na, 1) for x in ch)
        self.stride = torch.tensor([8.0, 16.0])

    def forward(self, x):
        z = []
        for i in range(self.nl):
            x[i] = self.m[i](x[i])
            bs, _, ny, nx = x[i].shape
            x[i] = x[i].view(bs, self.na, self.no, ny, nx).permute(0, 1, 3, 4, 2).contiguous()
            if not self.training:
                if self.grid[i].shape[2:4] != x[i].shape[2:4]:
                    self.grid[i] = self._make_grid(nx, ny).to(x[i].device)
                y = x[i].sigmoid()
                y[..., 0:2] = (y[..., 0:2] * 2.0 - 0.5 + self.grid[i]) * self.stride[i]
                y[..., 2:4] = (y[..., 2:4] * 2) ** 2 * self.anchor_grid[i]
                z.append(y.view(bs, -1, self.no))
        return x if self.training else (torch.cat(z, 1), x)

    @staticmethod
    def _make_grid(nx=20, ny=20):
        yv, xv = torch.meshgrid([torch.arange(ny), torch.arange(nx)], indexing="ij")
        return torch.stack((xv, yv), 2).view((1, 1, ny, nx, 2)).float()


class PriorBox:
    """Default boxes in centre-size form, computed in Python."""

    def __init__(self, maps=(4, 2), ratios=(2, 3)):
        self.maps, self.ratios = maps, ratios

    def forward(self):
        mean = []
        for k, f in enumerate(self.maps):
            for i, j in itertools.product(range(f), repeat=2):
                cx, cy = (j + 0.5) / f, (i + 0.5) / f
                s = (k + 1) / 5
                mean += [cx, cy, s, s]
                for ar in self.ratios:
                    mean += [cx, cy, s * math.sqrt(ar), s / math.sqrt(ar)]
        return torch.tensor(mean).view(-1, 4).clamp_(max=1, min=0)


class SSD(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.num_classes = num_classes
        with torch.no_grad():
            self.priors = PriorBox().forward()
        self.extras = nn.ModuleList([nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)])
        self.loc = nn.ModuleList([nn.Conv2d(4, 12, 3, padding=1) for _ in range(2)])
        self.conf = nn.ModuleList([nn.Conv2d(4, 3 * num_classes, 3, padding=1) for _ in range(2)])

    def forward(self, x):
        sources, loc, conf = list(), list(), list()
        for v in self.extras:
            x = F.relu(v(x), inplace=True)
            sources.append(x)
        for x, l, c in zip(sources, self.loc, self.conf):
            loc.append(l(x).permute(0, 2, 3, 1).contiguous())
            conf.append(c(x).permute(0, 2, 3, 1).contiguous())
        loc = torch.cat([o.view(o.size(0), -1) for o in loc], 1)
        conf = torch.cat([o.view(o.size(0), -1) for o in conf], 1)
        return loc.view(loc.size(0), -1, 4), conf.view(conf.size(0), -1, self.num_classes), self.priors


class Anchors(nn.Module):
    """Anchors of all pyramid levels, computed in numpy from the image's size."""

    def __init__(self, pyramid_levels=(2, 3)):
        super().__init__()
        self.pyramid_levels = list(pyramid_levels)
        self.strides = [2**x for x in self.pyramid_levels]
        self.ratios = np.array([0.5, 1, 2])

    def forward(self, image):
        image_shape = np.array(image.shape[2:])
        shapes = [(image_shape + 2**x - 1) // (2**x) for x in self.pyramid_levels]
        everything = np.zeros((0, 4)).astype(np.float32)
        for shape, stride in zip(shapes, self.strides):
            base = np.stack([-stride * self.ratios, -stride / self.ratios, stride * self.ratios, stride / self.ratios], 1)
            sx, sy = np.meshgrid((np.arange(shape[1]) + 0.5) * stride, (np.arange(shape[0]) + 0.5) * stride)
            shifts = np.vstack((sx.ravel(), sy.ravel(), sx.ravel(), sy.ravel())).transpose()
            anchors = (base.reshape((1, -1, 4)) + shifts.reshape((-1, 1, 4))).reshape((-1, 4))
            everything = np.append(everything, anchors, axis=0)
        return torch.from_numpy(np.expand_dims(everything, 0).astype(np.float32)).to(image.device)


class BBoxTransform(nn.Module):
    def __init__(self, mean=None, std=None):
        super().__init__()
        self.mean = torch.zeros(4) if mean is None else mean
        self.std = torch.from_numpy(np.array([0.1, 0.1, 0.2, 0.2]).astype(np.float32)) if std is None else std

    def forward(self, boxes, deltas, img):
        widths = boxes[:, :, 2] - boxes[:, :, 0]
        heights = boxes[:, :, 3] - boxes[:, :, 1]
        d = deltas * self.std + self.mean
        ctr_x = boxes[:, :, 0] + 0.5 * widths + d[:, :, 0] * widths
        ctr_y = boxes[:, :, 1] + 0.5 * heights + d[:, :, 1] * heights
        w, h = torch.exp(d[:, :, 2]) * widths, torch.exp(d[:, :, 3]) * heights
        out = torch.stack([ctr_x - 0.5 * w, ctr_y - 0.5 * h, ctr_x + 0.5 * w, ctr_y + 0.5 * h], dim=2)
        _, _, height, width = img.shape
        out[:, :, 0] = torch.clamp(out[:, :, 0], min=0)
        out[:, :, 1] = torch.clamp(out[:, :, 1], min=0)
        out[:, :, 2] = torch.clamp(out[:, :, 2], max=width)
        out[:, :, 3] = torch.clamp(out[:, :, 3], max=height)
        return out


class BoxIoULoss(nn.Module):
    def __init__(self, reduction="mean", eps=1e-7):
        super().__init__()
        self.reduction, self.eps = reduction, eps

    def forward(self, pred, target, weight=None):
        lt, rb = torch.max(pred[:, :2], target[:, :2]), torch.min(pred[:, 2:], target[:, 2:])
        wh = (rb - lt).clamp(min=0)
        overlap = wh[:, 0] * wh[:, 1]
        area = lambda b: (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])  # noqa: E731
        union = area(pred) + area(target) - overlap + self.eps
        loss = 1 - overlap / union
        if weight is not None:
            loss = loss * weight
        if self.reduction == "mean":
            return loss.mean()
        elif self.reduction == "sum":
            return loss.sum()
        return loss


class CenterDecode(nn.Module):
    """CenterNet's decoding: keep local peaks, take the top k, gather offsets and sizes there."""

    def __init__(self, k=5):
        super().__init__()
        self.k = k
        self.heads = {"hm": 3, "wh": 2, "reg": 2}
        for head in self.heads:
            self.__setattr__(head, nn.Conv2d(3, self.heads[head], 1))

    def _gather(self, feat, ind):
        feat = feat.permute(0, 2, 3, 1).contiguous()
        feat = feat.view(feat.size(0), -1, feat.size(3))
        return feat.gather(1, ind.unsqueeze(2).expand(ind.size(0), ind.size(1), feat.size(2)))

    def forward(self, x):
        z = {}
        for head in self.heads:
            z[head] = self.__getattr__(head)(x)
        heat = z["hm"].sigmoid_()
        heat = heat * (F.max_pool2d(heat, 3, stride=1, padding=1) == heat).float()
        batch, cat, height, width = heat.size()
        scores, inds = torch.topk(heat.view(batch, -1), self.k)
        classes = torch.div(inds, height * width, rounding_mode="floor")
        inds = inds % (height * width)
        ys, xs = (inds // width).float(), (inds % width).int().float()
        reg, wh = self._gather(z["reg"], inds), self._gather(z["wh"], inds)
        xs = xs.view(batch, self.k, 1) + reg[:, :, 0:1]
        ys = ys.view(batch, self.k, 1) + reg[:, :, 1:2]
        boxes = torch.cat([xs - wh[..., 0:1] / 2, ys - wh[..., 1:2] / 2, xs + wh[..., 0:1] / 2, ys + wh[..., 1:2] / 2], 2)
        return torch.cat([boxes, scores.unsqueeze(-1), classes.unsqueeze(-1).float()], dim=2)


class RoIPool(nn.Module):
    """Max pooling of regions given as rows (batch index, x1, y1, x2, y2) in pixels, in a Python loop."""

    def __init__(self, size=2, spatial_scale=1.0):
        super().__init__()
        self.size, self.spatial_scale = size, spatial_scale

    def forward(self, features, rois):
        output = []
        rois = rois.data.float()
        rois[:, 1:] = rois[:, 1:].mul(self.spatial_scale)
        rois = rois.long()
        for i in range(rois.size(0)):
            roi = rois[i]
            index = roi[0]
            region = features.narrow(0, int(index), 1)[..., roi[2] : (roi[4] + 1), roi[1] : (roi[3] + 1)]
            output.append(F.adaptive_max_pool2d(region, self.size))
        return torch.cat(output, 0)


class BilinearRoIAlign(nn.Module):
    """Regions resampled through an affine grid, one theta a region."""

    def __init__(self, size=3):
        super().__init__()
        self.size = size

    def forward(self, features, rois):
        h, w = features.shape[-2:]
        x1, y1, x2, y2 = rois[:, 1:].unbind(1)
        theta = torch.zeros(rois.size(0), 2, 3)
        theta[:, 0, 0] = (x2 - x1) / (w - 1)
        theta[:, 0, 2] = (x1 + x2 - w + 1) / (w - 1)
        theta[:, 1, 1] = (y2 - y1) / (h - 1)
        theta[:, 1, 2] = (y1 + y2 - h + 1) / (h - 1)
        grid = F.affine_grid(theta, torch.Size((rois.size(0), 1, self.size, self.size)), align_corners=True)
        return F.grid_sample(features[rois[:, 0].long()], grid, align_corners=True)


class SpatialTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.localization = nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2, stride=2), nn.ReLU(True))
        self.fc_loc = nn.Sequential(nn.Linear(4 * 4 * 4, 8), nn.ReLU(True), nn.Linear(8, 3 * 2))
        self.fc_loc[2].weight.data.normal_(0, 0.1)
        self.fc_loc[2].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))

    def stn(self, x):
        xs = self.localization(x)
        xs = xs.view(-1, 4 * 4 * 4)
        theta = self.fc_loc(xs).view(-1, 2, 3)
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    def forward(self, x):
        return self.stn(x)


class CornerPool(nn.Module):
    """Running maxima from right to left and bottom to top, written into the tensor in a doubling loop."""

    def forward(self, x):
        out = x.clone()
        width, step = x.size(3), 1
        while step < width:
            out[:, :, :, : width - step] = torch.max(out[:, :, :, : width - step].clone(), out[:, :, :, step:].clone())
            step *= 2
        down = torch.flip(torch.cummax(torch.flip(x, [2]), dim=2)[0], [2])
        return out + down


class SoftArgmax(nn.Module):
    """Keypoints as the expectation of coordinates under a heat map."""

    def __init__(self, height, width, temperature=None, data_format="NCHW"):
        super().__init__()
        self.data_format = data_format
        pos_x, pos_y = np.meshgrid(np.linspace(-1.0, 1.0, width), np.linspace(-1.0, 1.0, height))
        self.register_buffer("pos_x", torch.from_numpy(pos_x.reshape(height * width)).float())
        self.register_buffer("pos_y", torch.from_numpy(pos_y.reshape(height * width)).float())
        self.temperature = nn.Parameter(torch.ones(1) * temperature) if temperature else 1.0

    def forward(self, feature):
        n, c, h, w = feature.shape
        if self.data_format == "NHWC":
            feature = feature.transpose(1, 3).transpose(2, 3)
        attention = F.softmax(feature.view(-1, h * w) / self.temperature, dim=-1)
        expected_x = torch.sum(self.pos_x * attention, dim=1, keepdim=True)
        expected_y = torch.sum(self.pos_y * attention, dim=1, keepdim=True)
        return torch.cat([expected_x, expected_y], 1).view(-1, c * 2)


class ConfidentBoxes(nn.Module):
    """Keeps the boxes above a threshold: a number of rows that depends on the scores."""

    def __init__(self, threshold=0.5):
        super().__init__()
        self.threshold = threshold
        self.score = nn.Linear(4, 1)

    def forward(self, boxes):
        scores = torch.sigmoid(self.score(boxes)).squeeze(1)
        keep = scores > self.threshold
        if keep.sum() == 0:
            return boxes.new_zeros((0, 4)), scores.new_zeros((0,))
        boxes, scores = boxes[keep], scores[keep]
        order = scores.argsort(descending=True)
        return boxes[order], scores[order]


class CorrelationVolume(nn.Module):
    """Optical-flow cost volume over displacements, and a warp by the flow."""

    def __init__(self, max_displacement=1):
        super().__init__()
        self.d = max_displacement

    def warp(self, x, flow):
        b, c, h, w = x.size()
        xx = torch.arange(0, w).view(1, -1).repeat(h, 1).view(1, 1, h, w).repeat(b, 1, 1, 1)
        yy = torch.arange(0, h).view(-1, 1).repeat(1, w).view(1, 1, h, w).repeat(b, 1, 1, 1)
        vgrid = torch.cat((xx, yy), 1).float() + flow
        vgrid[:, 0, :, :] = 2.0 * vgrid[:, 0, :, :].clone() / max(w - 1, 1) - 1.0
        vgrid[:, 1, :, :] = 2.0 * vgrid[:, 1, :, :].clone() / max(h - 1, 1) - 1.0
        vgrid = vgrid.permute(0, 2, 3, 1)
        mask = F.grid_sample(torch.ones(x.size()), vgrid, align_corners=True)
        mask[mask < 0.9999] = 0
        mask[mask > 0] = 1
        return F.grid_sample(x, vgrid, align_corners=True) * mask

    def forward(self, first, second, flow):
        second = F.pad(self.warp(second, flow), [self.d] * 4)
        h, w = first.shape[2:]
        costs = []
        for i in range(2 * self.d + 1):
            for j in range(2 * self.d + 1):
                costs.append(torch.mean(first * second[:, :, i : i + h, j : j + w], dim=1, keepdim=True))
        return F.leaky_relu(torch.cat(costs, dim=1), 0.1)


def boxes(n, size=8):
    corner = torch.rand(n, 2) * size / 2
    return torch.cat([corner, corner + 1 + torch.rand(n, 2) * size / 2], 1)


def feature_maps():
    return ([torch.randn(2, 4, 6, 5), torch.randn(2, 6, 3, 3)],)


def regions():
    return torch.cat([torch.randint(0, 2, (4, 1)).float(), boxes(4, 6)], 1)


ENTRIES = [
    Entry("yolo_head_train", YOLOHead, feature_maps),
    Entry("yolo_head_eval", YOLOHead, feature_maps, train=False),
    Entry("ssd", SSD, image(8)),
    Entry("anchors_numpy", Anchors, image(16)),
    Entry("box_transform", BBoxTransform, lambda: (boxes(5)[None], torch.randn(1, 5, 4), torch.zeros(1, 3, 6, 6))),
    Entry("box_iou_loss", BoxIoULoss, lambda: (boxes(5), boxes(5))),
    Entry("box_iou_loss_weighted", lambda: BoxIoULoss("none"), lambda: (boxes(5), boxes(5), torch.rand(5))),
    Entry("center_decode", CenterDecode, image(8)),
    Entry("roi_pool_loop", RoIPool, lambda: (torch.randn(2, 3, 8, 8), regions())),
    Entry("roi_align_affine", BilinearRoIAlign, lambda: (torch.randn(2, 3, 8, 8), regions())),
    Entry("spatial_transformer", SpatialTransformer, image(12, 1)),
    Entry("corner_pool", CornerPool, image(7)),
    Entry("soft_argmax", lambda: SoftArgmax(5, 6, 2.0), lambda: (torch.randn(2, 3, 5, 6),)),
    Entry("confident_boxes", ConfidentBoxes, lambda: (torch.randn(6, 4),)),
    Entry("correlation_volume", CorrelationVolume, lambda: (torch.randn(1, 3, 5, 6), torch.randn(1, 3, 5, 6), torch.randn(1, 2, 5, 6))),
]
