"""Metric learning: triplets, contrastive pairs, margins on the sphere, centres, redundancy reduction."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry, labelled


class BatchHardTriplet(nn.Module):
    """Hardest positive and negative by a row loop over boolean masks."""

    def __init__(self, margin=0.3):
        super().__init__()
        self.ranking_loss = nn.MarginRankingLoss(margin=margin)

    def forward(self, inputs, targets):
        n = inputs.size(0)
        dist = torch.pow(inputs, 2).sum(dim=1, keepdim=True).expand(n, n)
        dist = dist + dist.t()
        dist.addmm_(inputs, inputs.t(), beta=1, alpha=-2)
        dist = dist.clamp(min=1e-12).sqrt()
        mask = targets.expand(n, n).eq(targets.expand(n, n).t())
        dist_ap, dist_an = [], []
        for i in range(n):
            dist_ap.append(dist[i][mask[i]].max().unsqueeze(0))
            dist_an.append(dist[i][mask[i] == 0].min().unsqueeze(0))
        dist_ap, dist_an = torch.cat(dist_ap), torch.cat(dist_an)
        y = torch.ones_like(dist_an)
        return self.ranking_loss(dist_an, dist_ap, y)


class TripletSemiHard(nn.Module):
    """Mines by masks and averages over the triplets that still violate the margin, if any."""

    def forward(self, embeddings, labels, margin=0.5):
        d = torch.cdist(embeddings, embeddings)
        same = labels[:, None] == labels[None, :]
        loss = d.unsqueeze(2) - d.unsqueeze(1) + margin
        valid = (same & ~torch.eye(len(labels), dtype=torch.bool)).unsqueeze(2) & (~same).unsqueeze(1)
        loss = F.relu(loss * valid.float())
        hard = loss[loss > 1e-16]
        if hard.numel() == 0:
            return loss.sum()
        return hard.mean()


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2)
        return torch.mean((1 - label) * torch.pow(distance, 2) + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2))


class NTXent(nn.Module):
    def __init__(self, batch_size, temperature=0.5):
        super().__init__()
        self.batch_size, self.temperature = batch_size, temperature
        self.mask = self.mask_correlated_samples(batch_size)
        self.criterion = nn.CrossEntropyLoss(reduction="sum")
        self.similarity_f = nn.CosineSimilarity(dim=2)

    def mask_correlated_samples(self, batch_size):
        N = 2 * batch_size
        mask = torch.ones((N, N), dtype=bool).fill_diagonal_(0)
        for i in range(batch_size):
            mask[i, batch_size + i] = 0
            mask[batch_size + i, i] = 0
        return mask

    def forward(self, z_i, z_j):
        N = 2 * self.batch_size
        z = torch.cat((z_i, z_j), dim=0)
        sim = self.similarity_f(z.unsqueeze(1), z.unsqueeze(0)) / self.temperature
        positive = torch.cat((torch.diag(sim, self.batch_size), torch.diag(sim, -self.batch_size)), dim=0).reshape(N, 1)
        negative = sim[self.mask].reshape(N, -1)
        return self.criterion(torch.cat((positive, negative), dim=1), torch.zeros(N).long()) / N


class ArcMargin(nn.Module):
    def __init__(self, in_features=4, out_features=5, s=30.0, m=0.50, easy_margin=False):
        super().__init__()
        self.s, self.easy_margin = s, easy_margin
        self.weight = nn.Parameter(torch.FloatTensor(out_features, in_features))
        nn.init.xavier_uniform_(self.weight)
        self.cos_m, self.sin_m, self.th, self.mm = math.cos(m), math.sin(m), math.cos(math.pi - m), math.sin(math.pi - m) * m

    def forward(self, input, label):
        cosine = F.linear(F.normalize(input), F.normalize(self.weight))
        sine = torch.sqrt((1.0 - torch.pow(cosine, 2)).clamp(1e-6, 1))
        phi = cosine * self.cos_m - sine * self.sin_m
        if self.easy_margin:
            phi = torch.where(cosine > 0, phi, cosine)
        else:
            phi = torch.where(cosine > self.th, phi, cosine - self.mm)
        one_hot = torch.zeros(cosine.size(), device=input.device)
        one_hot.scatter_(1, label.view(-1, 1).long(), 1)
        output = (one_hot * phi) + ((1.0 - one_hot) * cosine)
        output *= self.s
        return output


class CosFace(nn.Module):
    """Subtracts the margin at the labelled places, ignoring labels of -1."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 5))

    def forward(self, embeddings, label):
        cosine = torch.mm(F.normalize(embeddings), F.normalize(self.kernel, dim=0)).clamp(-1, 1)
        index = torch.where(label != -1)[0]
        m_hot = torch.zeros(index.size()[0], cosine.size()[1])
        m_hot.scatter_(1, label[index, None], 0.4)
        cosine[index] -= m_hot
        return cosine * 64


class CenterLoss(nn.Module):
    def __init__(self, num_classes=4, feat_dim=3):
        super().__init__()
        self.num_classes = num_classes
        self.centers = nn.Parameter(torch.randn(num_classes, feat_dim))

    def forward(self, x, labels):
        batch_size = x.size(0)
        distmat = torch.pow(x, 2).sum(dim=1, keepdim=True).expand(batch_size, self.num_classes) + torch.pow(
            self.centers, 2
        ).sum(dim=1, keepdim=True).expand(self.num_classes, batch_size).t()
        distmat = torch.addmm(distmat, x, self.centers.t(), beta=1, alpha=-2)
        classes = torch.arange(self.num_classes).long()
        mask = labels.unsqueeze(1).expand(batch_size, self.num_classes).eq(classes.expand(batch_size, self.num_classes))
        dist = distmat * mask.float()
        return dist.clamp(min=1e-12, max=1e12).sum() / batch_size


class BarlowTwins(nn.Module):
    def __init__(self, dim=4, lambd=0.005):
        super().__init__()
        self.bn, self.lambd, self.proj = nn.BatchNorm1d(dim, affine=False), lambd, nn.Linear(3, dim, bias=False)

    def off_diagonal(self, x):
        n, m = x.shape
        assert n == m
        return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()

    def forward(self, y1, y2):
        c = self.bn(self.proj(y1)).T @ self.bn(self.proj(y2))
        c.div_(y1.size(0))
        return torch.diagonal(c).add_(-1).pow_(2).sum() + self.lambd * self.off_diagonal(c).pow_(2).sum()


def clusters():
    return torch.randn(6, 3), torch.tensor([0, 0, 1, 1, 2, 2])


ENTRIES = [
    Entry("batch_hard_triplet", BatchHardTriplet, clusters),
    Entry("triplet_all_violating", TripletSemiHard, clusters),
    Entry("contrastive_loss", ContrastiveLoss, lambda: (torch.randn(4, 3), torch.randn(4, 3), torch.randint(2, (4,)).float())),
    Entry("nt_xent", lambda: NTXent(3), lambda: (torch.randn(3, 4), torch.randn(3, 4))),
    Entry("arc_margin", ArcMargin, labelled(3, 4, 5)),
    Entry("arc_margin_easy", lambda: ArcMargin(easy_margin=True), labelled(3, 4, 5)),
    Entry("cos_face_ignore", CosFace, lambda: (torch.randn(4, 4), torch.tensor([1, -1, 0, 4]))),
    Entry("center_loss", CenterLoss, labelled(5, 3, 4)),
    Entry("barlow_twins", BarlowTwins, lambda: (torch.randn(5, 3), torch.randn(5, 3))),
]
