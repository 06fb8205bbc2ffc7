"""Graphs: GCN, GAT, GraphSAGE, GIN, edge convolution, Chebyshev filters, with dense adjacency or edge lists."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter

from .entry import Entry


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.spmm(adj, support)
        if self.bias is not None:
            return output + self.bias
        return output


class GCN(nn.Module):
    def __init__(self, nfeat=4, nhid=5, nclass=3, dropout=0.5):
        super().__init__()
        self.gc1, self.gc2, self.dropout = GraphConvolution(nfeat, nhid), GraphConvolution(nhid, nclass, bias=False), dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


class GraphAttentionLayer(nn.Module):
    def __init__(self, in_features, out_features, dropout=0.2, alpha=0.2, concat=True):
        super().__init__()
        self.dropout, self.out_features, self.concat = dropout, out_features, concat
        self.W = nn.Parameter(torch.empty(size=(in_features, out_features)))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        self.a = nn.Parameter(torch.empty(size=(2 * out_features, 1)))
        nn.init.xavier_uniform_(self.a.data, gain=1.414)
        self.leakyrelu = nn.LeakyReLU(alpha)

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        e = self.leakyrelu(Wh @ self.a[: self.out_features, :] + (Wh @ self.a[self.out_features :, :]).T)
        zero_vec = -9e15 * torch.ones_like(e)
        attention = F.softmax(torch.where(adj > 0, e, zero_vec), dim=1)
        attention = F.dropout(attention, self.dropout, training=self.training)
        h_prime = torch.matmul(attention, Wh)
        if self.concat:
            return F.elu(h_prime)
        else:
            return h_prime


class GAT(nn.Module):
    """Heads registered by name with add_module, as a plain list beside."""

    def __init__(self, nfeat=4, nhid=3, nclass=2, nheads=2):
        super().__init__()
        self.attentions = [GraphAttentionLayer(nfeat, nhid, concat=True) for _ in range(nheads)]
        for i, attention in enumerate(self.attentions):
            self.add_module(f"attention_{i}", attention)
        self.out_att = GraphAttentionLayer(nhid * nheads, nclass, concat=False)

    def forward(self, x, adj):
        x = torch.cat([att(x, adj) for att in self.attentions], dim=1)
        return F.log_softmax(F.elu(self.out_att(x, adj)), dim=1)


def scatter_softmax(src, index, num_nodes):
    out = src.new_full((num_nodes, *src.shape[1:]), float("-inf"))
    expanded = index.view(-1, *[1] * (src.dim() - 1)).expand_as(src)
    out = out.scatter_reduce(0, expanded, src, reduce="amax", include_self=True)
    exp = (src - out[index]).exp()
    total = torch.zeros_like(out).scatter_add_(0, expanded, exp)
    return exp / (total[index] + 1e-16)


class MessagePassing(nn.Module):
    """Base class: subclasses say message and update; aggregation is by name."""

    def __init__(self, aggr="add"):
        super().__init__()
        assert aggr in ["add", "mean", "max"]
        self.aggr = aggr

    def propagate(self, edge_index, x, **kwargs):
        source, target = edge_index
        messages = self.message(x[source], x[target], **kwargs)
        n = x.size(0)
        if self.aggr == "max":
            out = messages.new_zeros(n, messages.size(1)).scatter_reduce_(
                0, target.unsqueeze(1).expand_as(messages), messages, reduce="amax", include_self=False
            )
        else:
            out = messages.new_zeros(n, messages.size(1)).index_add_(0, target, messages)
            if self.aggr == "mean":
                degree = torch.zeros(n).scatter_add_(0, target, torch.ones_like(target, dtype=torch.float))
                out = out / degree.clamp(min=1).unsqueeze(1)
        return self.update(out)

    def message(self, x_j, x_i):
        return x_j

    def update(self, out):
        return out

    def forward(self, x, edge_index):
        return self.propagate(edge_index, x)


class SAGEConv(MessagePassing):
    def __init__(self, a, b, aggr="mean", normalize=True):
        super().__init__(aggr)
        self.lin_l, self.lin_r, self.normalize = nn.Linear(a, b), nn.Linear(a, b, bias=False), normalize

    def forward(self, x, edge_index):
        out = self.lin_l(self.propagate(edge_index, x)) + self.lin_r(x)
        return F.normalize(out, p=2.0, dim=-1) if self.normalize else out


class GINConv(MessagePassing):
    def __init__(self, dim, train_eps=True):
        super().__init__("add")
        self.nn = nn.Sequential(nn.Linear(dim, dim), nn.BatchNorm1d(dim), nn.ReLU())
        if train_eps:
            self.eps = nn.Parameter(torch.Tensor([0.0]))
        else:
            self.register_buffer("eps", torch.Tensor([0.0]))

    def forward(self, x, edge_index):
        return self.nn((1 + self.eps) * x + self.propagate(edge_index, x))


class EdgeConv(MessagePassing):
    def __init__(self, a, b):
        super().__init__("max")
        self.mlp = nn.Linear(2 * a, b)

    def message(self, x_j, x_i):
        return self.mlp(torch.cat([x_i, x_j - x_i], dim=1))


class GATv2(nn.Module):
    def __init__(self, dim=4, heads=2):
        super().__init__()
        self.lin, self.att, self.heads = nn.Linear(dim, dim * heads), nn.Parameter(torch.randn(1, heads, dim)), heads

    def forward(self, x, edge_index):
        row, col = edge_index[0], edge_index[1]
        h = self.lin(x).view(x.size(0), self.heads, -1)
        alpha = (F.leaky_relu(h[row] + h[col], 0.2) * self.att).sum(-1)
        alpha = scatter_softmax(alpha, col, x.size(0))
        out = torch.zeros_like(h).index_add(0, col, h[row] * alpha.unsqueeze(-1))
        return out.mean(1)


class GraphClassifier(nn.Module):
    """Global mean pool by a batch vector; the number of graphs is read from the tensor."""

    def __init__(self, dim=4):
        super().__init__()
        self.convs = nn.ModuleList([GINConv(dim), GINConv(dim, train_eps=False)])
        self.head = nn.Linear(2 * dim, 2)

    def forward(self, data):
        x, edge_index, batch = data["x"], data["edge_index"], data["batch"]
        hs = []
        for conv in self.convs:
            x = conv(x, edge_index)
            hs.append(x)
        h = torch.cat(hs, 1)
        size = int(batch.max()) + 1
        total = torch.zeros(size, h.size(1)).index_add_(0, batch, h)
        count = torch.bincount(batch, minlength=size).clamp(min=1)
        return self.head(total / count.unsqueeze(1))


class ChebConv(nn.Module):
    """Chebyshev polynomials of a Laplacian made from the adjacency, by recurrence."""

    def __init__(self, a=4, b=3, k=4):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(k, a, b) * 0.2)

    def forward(self, x, adj):
        degree = adj.sum(1)
        d = torch.diag(degree.pow(-0.5))
        lap = -d @ adj @ d
        terms = [x, lap @ x]
        for _ in range(2, self.weight.size(0)):
            terms.append(2 * lap @ terms[-1] - terms[-2])
        return sum(t @ w for t, w in zip(terms, self.weight))


def adjacency():
    a = torch.rand(5, 5)
    return torch.randn(5, 4), ((a + a.t()) > 1).float() + torch.eye(5)


def edges():
    return torch.randn(5, 4), torch.randint(5, (2, 9))


def batched():
    return ({"x": torch.randn(6, 4), "edge_index": torch.randint(6, (2, 8)), "batch": torch.tensor([0, 0, 1, 1, 1, 2])},)


ENTRIES = [
    Entry("gcn", GCN, adjacency),
    Entry("gcn_eval", GCN, adjacency, train=False),
    Entry("gat", GAT, adjacency),
    Entry("graph_sage", lambda: SAGEConv(4, 3), edges),
    Entry("graph_sage_max", lambda: SAGEConv(4, 3, "max", normalize=False), edges),
    Entry("edge_conv", lambda: EdgeConv(4, 3), edges),
    Entry("gat_v2_scatter", GATv2, edges),
    Entry("graph_classifier", GraphClassifier, batched),
    Entry("cheb_conv", ChebConv, adjacency),
]
