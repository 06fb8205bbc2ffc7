"""Point clouds and sets: PointNet, sampling and grouping, edge features, Deep Sets, set transformer, chamfer distance."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


class STNkd(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k
        self.conv, self.bn, self.fc = nn.Conv1d(k, 6, 1), nn.BatchNorm1d(6), nn.Linear(6, k * k)

    def forward(self, x):
        batchsize = x.size()[0]
        x = F.relu(self.bn(self.conv(x)))
        x = torch.max(x, 2, keepdim=True)[0].view(-1, 6)
        iden = Variable_eye(self.k).repeat(batchsize, 1)
        if x.is_cuda:
            iden = iden.cuda()
        return (self.fc(x) + iden).view(-1, self.k, self.k)


def Variable_eye(k):
    return torch.eye(k).flatten().view(1, k * k)


class PointNet(nn.Module):
    def __init__(self, feature_transform=True):
        super().__init__()
        self.stn, self.fstn = STNkd(3), STNkd(5) if feature_transform else None
        self.conv1, self.conv2, self.fc = nn.Conv1d(3, 5, 1), nn.Conv1d(5, 6, 1), nn.Linear(6, 2)
        self.feature_transform = feature_transform

    def regularizer(self, trans):
        eye = torch.eye(trans.size(1))[None, :, :]
        return torch.mean(torch.norm(torch.bmm(trans, trans.transpose(2, 1)) - eye, dim=(1, 2)))

    def forward(self, x):
        trans = self.stn(x)
        x = torch.bmm(x.transpose(2, 1), trans).transpose(2, 1)
        x = F.relu(self.conv1(x))
        trans_feat = None
        if self.feature_transform:
            trans_feat = self.fstn(x)
            x = torch.bmm(x.transpose(2, 1), trans_feat).transpose(2, 1)
        x = torch.max(self.conv2(x), 2)[0]
        loss = self.regularizer(trans_feat) if trans_feat is not None else 0.0
        return self.fc(x), trans, loss


def square_distance(src, dst):
    B, N, _ = src.shape
    _, M, _ = dst.shape
    dist = -2 * torch.matmul(src, dst.permute(0, 2, 1))
    dist += torch.sum(src**2, -1).view(B, N, 1)
    dist += torch.sum(dst**2, -1).view(B, 1, M)
    return dist


def index_points(points, idx):
    B = points.shape[0]
    view_shape = list(idx.shape)
    view_shape[1:] = [1] * (len(view_shape) - 1)
    repeat_shape = list(idx.shape)
    repeat_shape[0] = 1
    batch_indices = torch.arange(B, dtype=torch.long).view(view_shape).repeat(repeat_shape)
    return points[batch_indices, idx, :]


class SetAbstraction(nn.Module):
    """PointNet++: farthest-point sampling in a loop, ball query, grouped features."""

    def __init__(self, npoint=3, radius=1.0, nsample=4):
        super().__init__()
        self.npoint, self.radius, self.nsample = npoint, radius, nsample
        self.mlp = nn.Conv2d(3, 5, 1)

    def farthest_point_sample(self, xyz):
        B, N, C = xyz.shape
        centroids = torch.zeros(B, self.npoint, dtype=torch.long)
        distance = torch.ones(B, N) * 1e10
        farthest = torch.zeros(B, dtype=torch.long)
        batch_indices = torch.arange(B, dtype=torch.long)
        for i in range(self.npoint):
            centroids[:, i] = farthest
            centroid = xyz[batch_indices, farthest, :].view(B, 1, 3)
            dist = torch.sum((xyz - centroid) ** 2, -1)
            mask = dist < distance
            distance[mask] = dist[mask]
            farthest = torch.max(distance, -1)[1]
        return centroids

    def query_ball_point(self, xyz, new_xyz):
        B, N, C = xyz.shape
        _, S, _ = new_xyz.shape
        group_idx = torch.arange(N, dtype=torch.long).view(1, 1, N).repeat([B, S, 1])
        group_idx[square_distance(new_xyz, xyz) > self.radius**2] = N
        group_idx = group_idx.sort(dim=-1)[0][:, :, : self.nsample]
        group_first = group_idx[:, :, 0].view(B, S, 1).repeat([1, 1, self.nsample])
        mask = group_idx == N
        group_idx[mask] = group_first[mask]
        return group_idx

    def forward(self, xyz):
        new_xyz = index_points(xyz, self.farthest_point_sample(xyz))
        idx = self.query_ball_point(xyz, new_xyz)
        grouped = index_points(xyz, idx) - new_xyz.unsqueeze(2)
        return new_xyz, torch.max(F.relu(self.mlp(grouped.permute(0, 3, 2, 1))), 2)[0]


def get_graph_feature(x, k=3, idx=None):
    batch_size, num_dims, num_points = x.size()
    if idx is None:
        inner = -2 * torch.matmul(x.transpose(2, 1), x)
        xx = torch.sum(x**2, dim=1, keepdim=True)
        idx = (-xx - inner - xx.transpose(2, 1)).topk(k=k, dim=-1)[1]
    idx = (idx + torch.arange(0, batch_size).view(-1, 1, 1) * num_points).view(-1)
    x = x.transpose(2, 1).contiguous()
    feature = x.view(batch_size * num_points, -1)[idx, :].view(batch_size, num_points, k, num_dims)
    x = x.view(batch_size, num_points, 1, num_dims).repeat(1, 1, k, 1)
    return torch.cat((feature - x, x), dim=3).permute(0, 3, 1, 2).contiguous()


class DGCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(6, 4, 1, bias=False), nn.Conv2d(8, 4, 1, bias=False)

    def forward(self, x):
        x1 = F.leaky_relu(self.conv1(get_graph_feature(x)), negative_slope=0.2).max(dim=-1, keepdim=False)[0]
        x2 = self.conv2(get_graph_feature(x1)).max(dim=-1)[0]
        x = torch.cat((x1, x2), dim=1)
        return torch.cat((F.adaptive_max_pool1d(x, 1).squeeze(), F.adaptive_avg_pool1d(x, 1).squeeze()), 1)


class DeepSets(nn.Module):
    def __init__(self, pool="mean"):
        super().__init__()
        self.phi, self.rho, self.pool = nn.Linear(3, 4), nn.Linear(4, 2), pool

    def forward(self, x, mask=None):
        h = torch.tanh(self.phi(x))
        if mask is not None:
            h = h * mask.unsqueeze(-1)
        pooled = h.max(1).values if self.pool == "max" else getattr(h, self.pool)(dim=1)
        return self.rho(pooled)


class MAB(nn.Module):
    def __init__(self, dim, heads=2, ln=True):
        super().__init__()
        self.heads, self.dim = heads, dim
        self.fc_q, self.fc_k, self.fc_v, self.fc_o = (nn.Linear(dim, dim) for _ in range(4))
        if ln:
            self.ln0 = nn.LayerNorm(dim)

    def forward(self, Q, K):
        Q, K, V = self.fc_q(Q), self.fc_k(K), self.fc_v(K)
        split = self.dim // self.heads
        Q_, K_, V_ = (torch.cat(t.split(split, 2), 0) for t in (Q, K, V))
        A = torch.softmax(Q_.bmm(K_.transpose(1, 2)) / math.sqrt(self.dim), 2)
        O = torch.cat((Q_ + A.bmm(V_)).split(Q.size(0), 0), 2)
        O = O if getattr(self, "ln0", None) is None else self.ln0(O)
        return O + F.relu(self.fc_o(O))


class SetTransformer(nn.Module):
    def __init__(self, dim=4, seeds=2):
        super().__init__()
        self.I, self.S = nn.Parameter(torch.randn(1, 3, dim)), nn.Parameter(torch.randn(1, seeds, dim))
        self.mab0, self.mab1, self.pma = MAB(dim), MAB(dim), MAB(dim, ln=False)

    def forward(self, X):
        H = self.mab0(self.I.repeat(X.size(0), 1, 1), X)
        return self.pma(self.S.repeat(X.size(0), 1, 1), self.mab1(X, H)).squeeze()


class ChamferLoss(nn.Module):
    def batch_pairwise_dist(self, x, y):
        xx, yy, zz = torch.bmm(x, x.transpose(2, 1)), torch.bmm(y, y.transpose(2, 1)), torch.bmm(x, y.transpose(2, 1))
        diag_x, diag_y = torch.arange(0, x.size(1)).long(), torch.arange(0, y.size(1)).long()
        rx = xx[:, diag_x, diag_x].unsqueeze(1).expand_as(zz.transpose(2, 1))
        ry = yy[:, diag_y, diag_y].unsqueeze(1).expand_as(zz)
        return rx.transpose(2, 1) + ry - 2 * zz

    def forward(self, preds, gts):
        P = self.batch_pairwise_dist(gts, preds)
        return torch.sum(torch.min(P, 1)[0]) + torch.sum(torch.min(P, 2)[0])


ENTRIES = [
    Entry("point_net", PointNet, lambda: (torch.randn(3, 3, 7),)),
    Entry("point_net_plain", lambda: PointNet(False), lambda: (torch.randn(3, 3, 7),), train=False),
    Entry("point_net_set_abstraction", SetAbstraction, lambda: (torch.randn(2, 6, 3),)),
    Entry("dgcnn", DGCNN, lambda: (torch.randn(2, 3, 6),)),
    Entry("deep_sets", DeepSets, lambda: (torch.randn(2, 4, 3),)),
    Entry("deep_sets_masked", lambda: DeepSets("max"), lambda: (torch.randn(2, 4, 3), torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 0]]))),
    Entry("set_transformer", SetTransformer, lambda: (torch.randn(2, 5, 4),)),
    Entry("chamfer_loss", ChamferLoss, lambda: (torch.randn(2, 4, 3), torch.randn(2, 5, 3))),
]
