"""PageRank with damping until the ranks settle; pages without links spread their rank evenly."""
import torch

EXPECT = "graph"


def pagerank(links, damping):
    n = links.shape[0]
    rows = []
    for i in range(n):
        total = links[i].sum()
        if total == 0:
            rows.append(torch.full((n,), 1.0 / n))
        else:
            rows.append(links[i] / total)
    transition = torch.stack(rows)
    rank = torch.full((n,), 1.0 / n)
    change = torch.tensor(1.0)
    while change > 1e-2:
        new = damping * rank @ transition + (1.0 - damping) / n
        change = (new - rank).abs().sum()
        rank = new
    return rank


def make():
    def call(damping, *rows):
        return torch.tensor(rows), torch.tensor(damping, requires_grad=True)

    return pagerank, [
        call(0.85, [0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        call(0.5, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
        call(0.85, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
    ]
